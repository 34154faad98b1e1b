import DevTenant
import Foundation
import PosternProtocol
import Testing

@testable import Agent

@Suite("Time")
struct ClockTests {
    private static let year = 31_536_000.0

    @Test("the two clocks agree to the second where nobody has set one")
    func agreeing() {
        let clock = SystemClock()
        #expect(clock.wallTime(of: Date(unixTime: 1_795_876_898)) == 1_795_876_898)
    }

    @Test("a wall clock set a year ahead or back neither ends a token nor prolongs it", arguments: [year, -year])
    func wallClockSet(seconds: Double) async throws {
        try await AgentFixture.run(["refresh = on-demand"]) { fixture in
            try await fixture.signIn()
            let token = try await fixture.token()
            fixture.clock.setWallClock(ahead: seconds)
            let later = try await fixture.token()
            #expect(later.from == .cache && later.accessToken == token.accessToken)
            #expect(later.expiresIn == token.expiresIn)
            #expect(later.expiresAt == token.expiresAt + Int(seconds), "callers compare it with the wall clock")
            fixture.clock.advance(by: 86_400)
            #expect(try await fixture.token().from == .refresh)
        }
    }

    @Test("with a wrong wall clock tokens are refreshed all the same, and the last ID token is kept", arguments: [year])
    func refreshWithWrongClock(seconds: Double) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let idToken = try await fixture.agent.idToken(GetIDToken()).idToken
            fixture.clock.setWallClock(ahead: seconds)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
            #expect(await fixture.refreshes.count == 1)
            fixture.clock.setWallClock(ahead: 0)
            #expect(try await fixture.agent.idToken(GetIDToken()).idToken == idToken)
        }
    }

    @Test(
        "a wrong wall clock excuses no other flaw of an ID token",
        arguments: [IDTokenFlaw.otherSubject, .otherAudience])
    func flawWithWrongClock(flaw: IDTokenFlaw) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let token = try await fixture.token().accessToken
            fixture.clock.setWallClock(ahead: Self.year)
            await fixture.order(.idToken(flaw))
            #expect(await fixture.tokenError(.with(force: true))?.code == .idTokenInvalid)
            #expect(try await fixture.token().accessToken == token)
        }
    }

    @Test("a restart within one boot goes by the clock that nobody sets", arguments: [year, -year, 0])
    func restart(seconds: Double) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let token = try await fixture.token()
            fixture.clock.advance(by: 1000)
            fixture.clock.setWallClock(ahead: seconds)
            let later = try await fixture.restarted().token()
            #expect(later.accessToken == token.accessToken)
            #expect(later.expiresIn == token.expiresIn - 1000)
        }
    }

    private struct Reading: AgentClock {
        var awake: Double { boot.seconds }
        var now: Date
        var wall: Date
        var boot: BootTime

        init(_ now: Double, wall: Double? = nil, boot: Double, id: String = "first") {
            self.now = Date(timeIntervalSince1970: now)
            self.wall = Date(timeIntervalSince1970: wall ?? now)
            self.boot = BootTime(id: id, seconds: boot)
        }

        func sleep(for duration: Duration) async throws {}
    }

    /// A record of a token that was given at this moment for an hour.
    private static func credentials(at clock: Reading) throws -> Credentials {
        let now = clock.now.unixTime
        let json = """
            {"version":2,"binding":{"profile":"work","issuer":"https://a/","client_id":"c","scope":[]},
             "account":{"sub":"email|1"},"signed_in_at":\(now),"tokens":[{"key":{},"access_token":"t","scope":"openid",
             "issued_at":\(now),"received_at":\(now),"expires_at":\(now + 3600)}]}
            """
        return try Credentials(json: json, at: clock)
    }

    @Test("within one boot the time since the save is that of the boot's clock, whatever the wall clock says")
    func sameBoot() throws {
        let writer = Reading(1_000_000, boot: 500)
        let json = try Self.credentials(at: writer).json(at: writer)
        let reader = Reading(9_000_000, boot: 600)
        let record = try Credentials(json: json, at: reader)
        #expect(record.token?.secondsLeft(at: reader.now) == 3500)
        #expect(record.signedInAt == 9_000_000 - 100)
    }

    @Test("after a reboot there is only the wall clock to go by")
    func otherBoot() throws {
        let writer = Reading(1_000_000, wall: 1_000_200, boot: 500)
        let json = try Self.credentials(at: writer).json(at: writer)
        let reader = Reading(1_000_800, boot: 10, id: "second")
        #expect(try Credentials(json: json, at: reader).token?.secondsLeft(at: reader.now) == 3000)
    }

    @Test("a machine that has lost its date after a reboot takes no old token for a fresh one")
    func lostDate() throws {
        let writer = Reading(1_000_000, boot: 500)
        let json = try Self.credentials(at: writer).json(at: writer)
        #expect(try Credentials(json: json, at: Reading(10, boot: 10, id: "second")).token == nil)
    }

    @Test("a record of the first format is read, its times by the wall clock, and written in the new one")
    func firstFormat() throws {
        let writer = Reading(1_000_000, boot: 500)
        var members = try #require(
            try JSONSerialization.jsonObject(with: Data(Self.credentials(at: writer).json(at: writer).utf8))
                as? [String: Any])
        members["time"] = nil
        members["version"] = 1
        let old = String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
        let reader = Reading(1_001_000, boot: 10, id: "second")
        let record = try Credentials(json: old, at: reader)
        #expect(record.token?.secondsLeft(at: reader.now) == 2600)
        #expect(try record.json(at: reader).contains(#""version":2"#))
    }
}
