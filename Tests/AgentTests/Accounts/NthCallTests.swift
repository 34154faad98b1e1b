import DevTenant
import PosternProtocol
import Testing

@testable import Agent

/// A whole life of a login, in which the n-th call of one kind goes wrong: n = 1, 2, 3, … until a life has no n-th call (SQLite: "How SQLite Is
/// Tested", out-of-memory and I/O error testing).
///
/// Whatever goes wrong, once it goes well again the login is there, a token that lives is served, and nothing older than the last but one refresh token was
/// ever presented.
@Suite("The n-th call that goes wrong")
struct NthCallTests {
    @Test("of the keyring, once or from then on until the life is over", arguments: [false, true])
    func keyring(isLasting: Bool) async throws {
        try await each { fixture, number in
            fixture.store.failCall(number, isLasting: isLasting)
            let hasFailed = Watched(false)
            let survivor = try await fixture.live {
                hasFailed.change { $0 = fixture.store.state.value.calls >= number }
                if isLasting { fixture.store.state.change { $0.failingCall = nil } }
            }
            hasFailed.change { $0 = $0 || fixture.store.state.value.calls >= number }
            fixture.store.state.change { $0.failingCall = nil }
            return (survivor, hasFailed.value)
        }
    }

    @Test(
        "of the tenant: refused, failing, mute, lost with the work done, or no JSON",
        arguments: [
            Fault.refusal(503, "temporarily_unavailable"), .hangUp, .loseAnswer, .page(200),
            .rateLimited(retryAfter: 1),
        ]
    )
    func tenant(fault: Fault) async throws {
        try await each { fixture, number in
            let hasFailed = await fixture.order(fault, atRequest: number)
            return (try await fixture.live(), hasFailed)
        }
    }

    @Test("of the clock: set a year ahead or back", arguments: [31_536_000.0, -31_536_000.0])
    func clock(seconds: Double) async throws {
        try await each { fixture, number in
            fixture.clock.setWallClock(ahead: seconds, atReading: number)
            let hasJumped = Watched(false)
            let survivor = try await fixture.live {
                hasJumped.change { $0 = fixture.clock.readings >= number }
                // Nobody can sign in while the clock is a year off: the ID token is of another time.
                fixture.clock.setWallClock(ahead: 0)
            }
            return (survivor, hasJumped.value)
        }
    }

    /// - Parameter life: a life in which the n-th call goes wrong; says whether there was such a call.
    private func each(
        _ life: @escaping @Sendable (AgentFixture, Int) async throws -> (Survivor, hasFailed: Bool)
    ) async throws {
        for number in 1...200 {
            let goesOn = Watched(true)
            try await AgentFixture.run(
                tenant: { $0.clients[0].refreshTokens.overlap = 3600 }, ["rotation_overlap = 3600"]
            ) { fixture in
                try await withPassingTime(fixture.clock) {
                    let (survivor, hasFailed) = try await life(fixture, number)
                    goesOn.change { $0 = hasFailed }
                    try await survivor.checkWhatIsLeft()
                }
            }
            guard goesOn.value else {
                #expect(number > 5, "a life has more calls than that")
                return
            }
        }
        Issue.record("A life has no end.")
    }
}

/// The agent that is left at the end of a life; the one before it is dead, and must not be touched again.
private typealias Survivor = AgentFixture

/// Lets the pauses between attempts pass at once. Longer ones, such as a caller's patience, do not.
private func withPassingTime(_ clock: ManualClock, _ body: () async throws -> Void) async throws {
    let time = Task {
        while !Task.isCancelled {
            clock.advance(by: try await clock.sleeper(within: 0...5))
        }
    }
    defer { time.cancel() }
    try await body()
}

extension AgentFixture {
    /// Signs in, has tokens, lets them expire, has new ones, and does the same after a restart.
    ///
    /// - Parameter heal: called before the restart. What could not be saved until then is saved now, as it would be with more time: what only memory has does
    ///   not outlive its process here, where there is no service manager to keep it.
    fileprivate func live(heal: () -> Void = {}) async throws -> Survivor {
        // What goes wrong on the way is told to whoever asks, and goes well when asked again.
        var error: AgentError?
        for _ in 1...3 {
            error = await failure { () async throws(AgentError) in try await signInAnew() }
            if error == nil { break }
        }
        if error == nil { try await useTokens() }
        heal()
        clock.advance(by: 61)
        _ = try await wake()
        // A sign-in that failed whenever it was tried has to succeed now.
        if error != nil { try await signInAnew() }
        let survivor = try await restarted()
        try await survivor.useTokens()
        return survivor
    }

    private func useTokens() async throws {
        for _ in 1...2 {
            _ = await tokenError()
            try await expireToken()
        }
        _ = await tokenError()
    }

    private func signInAnew() async throws(AgentError) {
        let login = try await startLogin(.with(restart: true))
        guard let code = await tenant.messages.last?.code else { return }
        _ = try await answer(login, code: code)
    }

    fileprivate func checkWhatIsLeft() async throws {
        await tenant.cancelFaults()
        // The last save may have failed, and is tried again by itself.
        clock.advance(by: 61)
        _ = try await wake()
        let agent = try await restarted()
        let token = try await agent.token()
        #expect(token.expiresIn > 0)
        #expect(try await agent.status.saved)
        for request in await refreshes {
            let presented = try #require(request.refreshToken)
            #expect(presented.latest - presented.generation <= 1, "an old refresh token was presented")
        }
        _ = try await agent.agent.logout(Logout())
        #expect(store.record() == nil)
        #expect(await (try restarted()).tokenError()?.data.cause == "never")
    }

    /// Orders the fault for the `number`th request of a life.
    ///
    /// - Returns: whether a life has so many.
    fileprivate func order(_ fault: Fault, atRequest number: Int) async -> Bool {
        let life: [Endpoint] = [.discovery, .keys, .start, .token, .token, .token, .token, .token]
        guard life.indices.contains(number - 1) else { return false }
        let endpoint = life[number - 1]
        let earlier = life[..<(number - 1)].filter { $0 == endpoint }.count
        if earlier > 0 { await tenant.order(.delay(milliseconds: 0), at: endpoint, times: earlier) }
        await tenant.order(fault, at: endpoint)
        return true
    }
}
