import DevTenant
import Foundation
import TestSupport
import Testing

/// A real suspend, a set wall clock and a reboot cannot be had in a test. What they come to for the next daemon can: a clock that counts from the boot and is
/// ahead (time_namespaces(7)), and a record that was written by other clocks.
@Suite("Faults of time")
struct TimeFaultTests {
    private static let hour = 3600
    private static let year = 31_536_000

    /// A command that has what it becomes see the clock that counts from the boot so many seconds ahead, for any user.
    private static func ahead(_ seconds: Int) -> String {
        "unshare --user --map-current-user --time --boottime \(seconds)"
    }

    private static let hourly: Options = {
        var options = Options()
        options.accessTokenLifetime = hour
        return options
    }()

    @Test("row 39: a token that expired during a suspend is not served, but refreshed")
    func suspended() async throws {
        try await withRunningAgent(Self.hourly) { agent in
            try await agent.signIn()
            let old = try await agent.token()
            try await agent.stop()
            try await agent.start(by: Self.ahead(8 * Self.hour))
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            #expect(try await agent.refusal(of: "token.get", ["wait": 1])?.code == 1016)
            try await agent.refreshHeld()
            await agent.tenant.release()
            #expect(try await agent.token() != old)
            #expect(await agent.presented == [0])
        }
    }

    @Test("row 39: after a suspend what is to be refreshed ahead is refreshed by itself")
    func resumed() async throws {
        try await withRunningAgent(Self.hourly, profile: ["refresh": "ahead"]) { agent in
            try await agent.signIn()
            let old = try await agent.token()
            try await agent.stop()
            try await agent.start(by: Self.ahead(8 * Self.hour))
            try await withDeadline { try await agent.tenant.requestAnswered(at: .token, grant: .refreshToken) }
            try await agent.logged("Refreshed.")
            let token = try await agent.call("token.get")
            #expect(token["from"] == "cache" && token["access_token"]?.string != old)
            #expect(await agent.presented == [0])
        }
    }

    @Test("row 39: a suspend shorter than the token's life takes from it what it lasted")
    func briefly() async throws {
        try await withRunningAgent(Self.hourly) { agent in
            try await agent.signIn()
            let token = try await agent.token()
            try await agent.stop()
            try await agent.start(by: Self.ahead(1000))
            let later = try await agent.call("token.get")
            #expect(later["access_token"]?.string == token && later["from"] == "cache")
            let left = try #require(later["expires_in"]?.integer)
            #expect((2000...2600).contains(left))
        }
    }

    @Test(
        "row 40: a wall clock that was set between two starts of one boot neither ends a token nor prolongs it",
        arguments: [year, -year, 300, -300])
    func wallClockSet(seconds: Int) async throws {
        try await withRunningAgent(profile: ["refresh": "ahead"]) { agent in
            try await agent.signIn()
            let (before, status) = (try await agent.call("token.get"), try await agent.status())
            try await agent.stop()
            try await agent.rewriteRecord { Self.move(&$0, by: seconds) }
            try await agent.start()
            let after = try await agent.call("token.get")
            #expect(after["access_token"] == before["access_token"] && after["from"] == "cache")
            for (name, old, new) in [
                ("expires_in", before, after), ("expires_at", before, after),
                ("login_ends_at", status, try await agent.status()),
                ("refresh_due_at", status, try await agent.status()),
            ] {
                let (old, new) = (try #require(old[name]?.integer), try #require(new[name]?.integer))
                #expect(abs(old - new) <= 60, "\(name)")
            }
            #expect(await agent.presented == [])
        }
    }

    @Test("row 41: after a reboot that lost the date no old token is taken for a fresh one")
    func lostDate() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let old = try await agent.token()
            try await agent.stop()
            try await agent.rewriteRecord { record in
                Self.move(&record, by: 50 * Self.year)
                Self.reboot(&record)
            }
            try await agent.start()
            let token = try await agent.call("token.get")
            #expect(token["from"] == "refresh" && token["access_token"]?.string != old)
            #expect(await agent.presented == [0])
        }
    }

    @Test("row 41: after a reboot that kept the date the token is served as long as it lives", arguments: [0, -23])
    func rebooted(hours: Int) async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            try await agent.stop()
            try await agent.rewriteRecord { record in
                Self.move(&record, by: hours * Self.hour)
                Self.reboot(&record)
            }
            try await agent.start()
            let later = try await agent.call("token.get")
            #expect(later["from"] == "cache" && later["access_token"]?.string == token)
            let left = try #require(later["expires_in"]?.integer)
            #expect((0...120).contains((24 + hours) * Self.hour - left))
        }
    }

    @Test("row 41: an ID token of another time than the machine's costs no refresh, and the last one is kept")
    func idTokenOfAnotherTime() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let before = try await agent.record()?["id_token"]
            await agent.tenant.order(.idToken(.expired), at: .token, grant: .refreshToken)
            #expect(try await agent.call("token.get", ["force": true])["from"] == "refresh")
            let kept = try await agent.record()?["id_token"]
            #expect(kept?.string != nil && kept == before)
            #expect(await agent.log.contains("another time than this machine's clock"))
        }
    }

    /// Makes a record that of a machine whose wall clock was so many seconds ahead.
    private static func move(_ record: inout [String: JSON], by seconds: Int) {
        func move(_ names: [String], _ object: JSON?) -> JSON {
            var members = object?.object ?? [:]
            for name in names {
                switch members[name] {
                case .integer(let time)?: members[name] = .integer(time + seconds)
                case .number(let time)?: members[name] = .number(time + Double(seconds))
                default: break
                }
            }
            return .object(members)
        }
        record["time"] = move(["now", "wall"], record["time"])
        record["signed_in_at"] = move(["signed_in_at"], .object(record))["signed_in_at"]
        guard case .array(let tokens)? = record["tokens"] else { return }
        record["tokens"] = .array(tokens.map { move(["issued_at", "received_at", "expires_at"], $0) })
    }

    /// Makes a record one of another boot.
    private static func reboot(_ record: inout [String: JSON]) {
        var time = record["time"]?.object ?? [:]
        time["boot"] = ["id": "another", "seconds": 100]
        record["time"] = .object(time)
    }
}
