import DevTenant
import Foundation
import TestSupport

/// Somebody who asks for a profile's tokens all the time, and knows which answers there may be meanwhile.
struct Caller: Sendable {
    var agent: RunningAgent
    var chronicle: Chronicle
    var profile: String
    var overlap: Int
    /// Whether this is the one caller of the profile that signs in again when the login is lost.
    var keepsSignedIn: Bool

    private enum Answer {
        case token(isFresh: Bool)
        case loginRequired(cause: String)
        /// To be tried again, for a reason that trouble explains.
        case unavailable
    }

    func ask(until end: ContinuousClock.Instant, _ generator: SeededGenerator) async throws {
        var generator = generator
        while .now < end {
            let answer = try await token(force: generator.chance(1, in: 2))
            if case .loginRequired(let cause) = answer { try await signInAgain(after: cause) }
            try await Task.sleep(for: generator.milliseconds(10...200), clock: .continuous)
        }
    }

    /// Asks until there is a fresh token, as there has to be soon once nothing is wrong any more.
    func askUntilRefreshed() async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            switch try await token(force: true) {
            case .token(isFresh: true): return
            case .loginRequired(let cause): try await signInAgain(after: cause)
            case .token, .unavailable: break
            }
            guard .now < end else {
                throw CrashSoak.Breach(description: "\(profile) has no fresh token after a minute")
            }
            try await Task.sleep(for: .milliseconds(200), clock: .continuous)
        }
    }

    private func token(force: Bool) async throws -> Answer {
        do {
            let answer = try await agent.call(
                "token.get", ["profile": .string(profile), "force": .bool(force), "wait": 5])
            guard let left = answer["expires_in"]?.integer, left > 0 else {
                throw CrashSoak.Breach(description: "\(profile) was handed an expired token")
            }
            chronicle.count { $0.tokens += 1 }
            return .token(isFresh: answer["from"] == "refresh")
        } catch let refusal as Refusal {
            return try answer(refusal)
        } catch is NoAnswer, is POSIXError {
            // The daemon is not there at the moment, or was killed over this very question.
            return .unavailable
        }
    }

    private func answer(_ refusal: Refusal) throws -> Answer {
        switch (refusal.reason, refusal.cause) {
        case ("login_required", let cause): return .loginRequired(cause: cause ?? "none")
        case ("keyring_unavailable", "corrupt"), ("keyring_unavailable", "unsupported_version"): break
        case ("keyring_locked", _), ("keyring_unavailable", _), ("offline", _), ("rate_limited", _), ("timeout", _):
            return .unavailable
        default: break
        }
        throw CrashSoak.Breach(description: "\(profile) was answered \(refusal.code): \(refusal.message)")
    }

    // MARK: A login that is lost

    private func signInAgain(after cause: String) async throws {
        guard keepsSignedIn else { return }
        try await checkLoss(cause)
        chronicle.count { $0.lostLogins += 1 }
        chronicle.note("\(profile) has lost its login and signs in again")
        // Whatever else goes wrong meanwhile, it is tried again, unless it has succeeded and only the answer was lost.
        while !(try await signIn()) {
            try await Task.sleep(for: .milliseconds(200), clock: .continuous)
            if case .token = try await token(force: true) { return }
        }
    }

    /// Without an overlap a login may be lost by an answer that did not arrive, or that a kill kept from being saved, and by nothing else.
    private func checkLoss(_ cause: String) async throws {
        let loss = "\(profile) has lost its login, cause \(cause)"
        guard overlap == 0 else { throw CrashSoak.Breach(description: loss) }
        guard cause == "lost_answer" else { throw CrashSoak.Breach(description: "\(loss), which is not lost_answer") }
        let refreshes = await agent.tenant.requests(to: .token, grant: .refreshToken).filter { $0.clientID == profile }
        // The tenant's word that a token was presented again ends its family: the last one of this profile.
        guard let family = refreshes.last?.refreshToken?.family,
            let refused = refreshes.first(where: { $0.refreshToken?.family == family && $0.isRefused }),
            let answered = refreshes.last(where: { $0.index < refused.index && $0.exchanged(refused.refreshToken) })
        else { throw CrashSoak.Breach(description: "\(loss), and its refresh token was not used before") }
        let sent = Date(timeIntervalSince1970: answered.at)
        guard answered.status == nil || chronicle.killed(between: sent, and: Date(timeIntervalSince1970: refused.at))
        else {
            throw CrashSoak.Breach(
                description: """
                    \(loss), though the answer to generation \(answered.refreshToken?.generation ?? 0) was not lost and \
                    the daemon not killed over it
                    """)
        }
    }

    private func signIn() async throws -> Bool {
        do {
            let address = "\(profile)@example.com"
            let start: JSON = ["profile": .string(profile), "restart": .bool(true)]
            let login = try await agent.startLogin(start)
            guard let code = await agent.tenant.messages.last(where: { $0.to == address })?.code else { return false }
            return try await login.answer(code: code)["kind"] == "signed_in"
        } catch is Refusal, is NoAnswer, is POSIXError {
            return false
        }
    }
}

extension RecordedRequest {
    /// Whether the refresh token was refused for good.
    fileprivate var isRefused: Bool { status == 400 || status == 401 || status == 403 }

    /// Whether it exchanged this refresh token when it was the newest one.
    fileprivate func exchanged(_ token: PresentedRefreshToken?) -> Bool {
        guard let mine = refreshToken, let token else { return false }
        return mine.family == token.family && mine.generation == token.generation && mine.latest == mine.generation
            && (status == 200 || status == nil)
    }
}
