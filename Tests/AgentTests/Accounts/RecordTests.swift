import Auth0
import DevTenant
import Foundation
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("A record of the keyring")
struct RecordTests {
    /// A member of a record, by its path, and what stands there in place of what was written; nil takes it out.
    struct Change: Sendable, CustomTestStringConvertible {
        var path: [String]
        var value: JSON?

        init(_ path: String, _ value: JSON?) {
            self.path = path.split(separator: ".").map(String.init)
            self.value = value
        }

        var testDescription: String { "\(path.joined(separator: ".")) = \(value.map { "\($0)" } ?? "nothing")" }

        func applied(to value: JSON, at depth: Int = 0) -> JSON? {
            guard depth < path.count else { return self.value }
            switch value {
            case .object(var members):
                members[path[depth]] = applied(to: members[path[depth]] ?? .null, at: depth + 1)
                return .object(members)
            case .array(let elements):
                return .array(elements.compactMap { applied(to: $0, at: depth) })
            default:
                return depth + 1 == path.count ? .object([path[depth]: self.value ?? .null]) : value
            }
        }
    }

    private static let times = [
        "time.now", "time.wall", "time.boot.seconds", "signed_in_at", "refreshing_since", "tokens.0.issued_at",
        "tokens.0.received_at", "tokens.0.expires_at",
    ]
    private static let numbers: [JSON] = [
        .number(1e308), .number(-1e308), .number(1e19), .integer(.max), .integer(.min), .integer(.max - 59),
        .integer(253_402_300_800), .string("1"), .bool(true), .array([]), .number(1.5e300), .number(0.5),
    ]

    /// Every time with every number, and what else a record can contradict itself by.
    private static let changes: [Change] =
        times.flatMap { path in
            numbers.filter { number in
                // A clock has fractions, and any number of seconds since a start.
                !(path.hasPrefix("time.") && [.number(0.5)].contains(number))
            }.map { Change(path, $0) }
        } + [
            Change("version", .integer(0)), Change("version", .integer(-1)), Change("version", .integer(.min)),
            Change("version", .string("2")), Change("version", nil), Change("binding", nil),
            Change("binding.scope", .string("openid")), Change("binding.anchors", .string("x")),
            Change("account.sub", .string("")), Change("account.sub", .string(String(repeating: "a", count: 1025))),
            Change("account", .array([])), Change("refresh_token", .string("")), Change("refresh_token", .integer(1)),
            Change("refresh_token", .string(String(repeating: "x", count: 16_385))),
            Change("refusal", .string("expired")), Change("refusal", .string("whatever")), Change("tokens", nil),
            Change("tokens", .object([:])), Change("tokens.0.key", .string("x")), Change("tokens.0.scope", .integer(1)),
            // In range, but not in order.
            Change("tokens.0.expires_at", .integer(1_800_000_000)),
            Change("tokens.0.issued_at", .integer(1_800_000_100)),
            Change("tokens.0.received_at", .integer(1_799_999_999)),
            Change("tokens.0.expires_at", .integer(1_900_000_000)),
            // Of this boot, and later than now.
            Change("time.boot.seconds", .number(1.8e9 + 1000)),
            Change("time.boot.id", .string(String(repeating: "b", count: 65))),
        ]

    /// The record of a sign-in, changed.
    private static func record(_ fixture: AgentFixture, _ change: Change) throws -> String {
        let json = try #require(fixture.store.record())
        let record = try JSONDecoder().decode(JSON.self, from: Data(json.utf8))
        // Elements are named by their number for the reader; there is one token.
        let change = Change(change.path.filter { $0 != "0" }.joined(separator: "."), change.value)
        return String(decoding: try JSONEncoder().encode(change.applied(to: record)), as: UTF8.self)
    }

    @Test("whatever is impossible in it is 1005 corrupt, and a sign-in or a sign-out replaces it")
    func impossible() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let item = KeyringItem(kind: .session, profile: "work", collection: .default)
            let good = try #require(fixture.store.record())
            for change in Self.changes {
                try await fixture.store.save(try Self.record(fixture, change), as: item)
                let next = try await fixture.restarted()
                #expect(await next.tokenError()?.data.cause == "corrupt", "\(change.testDescription)")
                #expect(try await next.status.state == .signedOut, "\(change.testDescription)")
                try await fixture.store.save(good, as: item)
            }
            try await fixture.store.save(try Self.record(fixture, Change("time.now", .number(1e308))), as: item)
            let next = try await fixture.restarted()
            let answer = try await next.agent.logout(Logout())
            #expect(answer.deleted && !answer.revoked)
            #expect(fixture.store.record() == nil)
            try await next.signIn()
            #expect(try await next.restarted().token().from == .cache)
        }
    }

    @Test(
        "what was accepted is accepted again once it is saved, whatever the clocks were that wrote it",
        arguments: [(-253_402_300_799, 253_402_300_799), (253_402_300_799, -253_402_300_799), (0, 0)])
    func clocks(now: Int, wall: Int) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            var record = try Self.record(fixture, Change("time.now", .integer(now)))
            for change in [Change("time.wall", .integer(wall)), Change("time.boot.id", .string("another"))] {
                record = String(
                    decoding: try JSONEncoder().encode(
                        change.applied(to: JSONDecoder().decode(JSON.self, from: Data(record.utf8)))),
                    as: UTF8.self)
            }
            let read = try Credentials(json: record, at: fixture.clock)
            #expect(throws: Never.self) { try Credentials(json: read.json(at: fixture.clock), at: fixture.clock) }
        }
    }

    @Test("one profile's damaged record leaves the others alone")
    func others() async throws {
        try await AgentFixture.run { fixture in
            let issuer = await fixture.tenant.issuer
            try await fixture.reconfigure(adding: ["[profile home]", "issuer = \(issuer)", "client_id = postern-dev"])
            var start = StartLogin.with()
            start.profile = "work"
            let login = try await fixture.startLogin(start)
            _ = try await fixture.answer(login, code: try await fixture.tenant.nextCode(for: AgentFixture.person))
            try await fixture.store.save(
                try Self.record(fixture, Change("signed_in_at", .integer(.max))),
                as: KeyringItem(kind: .session, profile: "home", collection: .default))
            let next = try await fixture.restarted()
            let error = await failure { () async throws(AgentError) in
                _ = try await next.agent.token(GetToken(profile: "home"))
            }
            #expect(error?.data.cause == "corrupt")
            #expect(try await next.agent.token(GetToken(profile: "work")).from == .cache)
        }
    }

    @Test(
        "what may be absent or is not known yet costs no login",
        arguments: [
            Change("time", nil), Change("binding.anchors", nil), Change("later", .object(["a": .number(1e300)])),
            Change("tokens", .array([])), Change("id_token", nil), Change("account.email", nil),
            Change("binding.later", .string("x")),
        ])
    func optional(change: Change) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let item = KeyringItem(kind: .session, profile: "work", collection: .default)
            try await fixture.store.save(try Self.record(fixture, change), as: item)
            let next = try await fixture.restarted()
            #expect(try await next.token(.with(force: true)).from == .refresh)
            #expect(try await next.restarted().token().from == .cache)
        }
    }

    @Test(
        "a machine that lost its date over a reboot writes records that can be read all the same",
        arguments: [0.0, 1e6])
    func lostDate(restart: Double) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            var credentials = try Credentials(json: try #require(fixture.store.record()), at: fixture.clock)
            // In 1970, with a sign-in of this century, as a refresh is begun.
            let lost = ManualClock(now: Int(restart))
            credentials.refreshingSince = lost.unixTime
            let read = try Credentials(json: credentials.json(at: lost), at: lost)
            #expect(read.signedInAt == credentials.signedInAt)
            #expect(read.refreshingSince == lost.unixTime)
            // And when the date is back.
            #expect(throws: Never.self) { try Credentials(json: read.json(at: lost), at: fixture.clock) }
        }
    }

    @Test("its texts are shown without what could forge a line")
    func texts() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let item = KeyringItem(kind: .session, profile: "work", collection: .default)
            let change = Change(
                "account", .object(["sub": "email|1\u{1B}[2J", "name": "A\u{202E}da\n", "email": "a@b\u{9B}"]))
            try await fixture.store.save(try Self.record(fixture, change), as: item)
            let next = try await fixture.restarted()
            _ = await next.tokenError()
            let account = try await next.status.account
            #expect(account?.name == "A da" && account?.email == "a@b" && account?.sub == "email|1 [2J")
        }
    }

    @Test("a token that no header can hold is not taken from it")
    func unsendable() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let item = KeyringItem(kind: .session, profile: "work", collection: .default)
            let change = Change("tokens.0.access_token", .string("a\r\nX-Evil: 1"))
            try await fixture.store.save(try Self.record(fixture, change), as: item)
            #expect(try await fixture.restarted().token().from == .refresh)
        }
    }

    @Test("above its limit the access token is left out first, then the ID token, and the refresh token never")
    func limit() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let clock = fixture.clock
            var credentials = try Credentials(json: try #require(fixture.store.record()), at: clock)
            let long = Secret(String(repeating: "x", count: Credentials.recordLimit - 400))
            credentials.token?.value = long
            let withoutToken = try Credentials(json: credentials.json(at: clock), at: clock)
            #expect(withoutToken.token == nil && withoutToken.idToken != nil)
            credentials.idToken = long
            let alone = try Credentials(json: credentials.json(at: clock), at: clock)
            #expect(alone.token == nil && alone.idToken == nil && alone.refreshToken == credentials.refreshToken)
            credentials.refreshToken = Secret(String(repeating: "x", count: Credentials.recordLimit))
            #expect(throws: Credentials.TooLong.self) { try credentials.json(at: clock) }
        }
    }

    @Test("a person whose identifier an earlier program had cleaned is still the same")
    func cleanedSub() async throws {
        try await AgentFixture.run { fixture in
            let clock = fixture.clock
            try await fixture.signIn()
            var credentials = try Credentials(json: try #require(fixture.store.record()), at: clock)
            let payload = Data(#"{"sub":"email|a  b"}"#.utf8).base64EncodedString().replacing("=", with: "")
            credentials.idToken = Secret("e30.\(payload).e30")
            credentials.account.sub = "email|a b"
            #expect(try Credentials(json: credentials.json(at: clock), at: clock).account.sub == "email|a  b")
        }
    }
}
