import Auth0
import DevTenant
import Foundation
import Glibc
import PosternProtocol
import Testing

@testable import Agent

@Suite("Unsaved records, of an earlier process")
struct UnsavedRecordsTests {
    /// The record as the service manager hands it on.
    private static func handedOn(_ record: String, profile: String = "work") throws -> UnsavedRecords {
        UnsavedRecords(inherited: [("unsaved.7.\(profile)", try SealedFile.make(Secret(record)))])
    }

    /// The newest record of a profile, which its keyring lacks.
    private static func unsavedRecord(_ fixture: AgentFixture) async throws -> String {
        fixture.store.fail(.locked, afterWrites: 1)
        _ = try await fixture.token(.with(force: true))
        return try #require(try await fixture.account.record).json(at: fixture.clock)
    }

    @Test("a sealed file gives what was written, and takes nothing more")
    func sealed() throws {
        let text = String(repeating: "ü", count: 100_000)
        let file = try SealedFile.make(Secret(text))
        defer { close(file) }
        #expect(SealedFile.read(file)?.revealed == text)
        #expect(pwrite(file, "x", 1, 0) == -1 && errno == EPERM)
        #expect(ftruncate(file, 0) == -1 && errno == EPERM)
        #expect(SealedFile.read(-1) == nil)
    }

    @Test(
        "one whose name no process of this service can have given is passed over, and the serial numbers go on",
        arguments: [
            "unsaved.9223372036854775807.work", "unsaved.-1.work", "unsaved.+7.work", "unsaved.007.work", "unsaved.7",
            "unsaved.7.", "unsaved.7.a b", "unsaved.99999999999999999999.work", "unsaved..work",
            "unsaved.1000000000000000.work",
        ])
    func impossibleName(name: String) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = try await Self.unsavedRecord(fixture)
            let unsaved = UnsavedRecords(inherited: [(name, try SealedFile.make(Secret(record)))])
            #expect(unsaved.inherited(of: "work") == nil)
            fixture.store.fail(nil)
            let next = try await fixture.restarted(unsaved: unsaved)
            next.store.fail(.locked, afterWrites: 1)
            // One more that the manager would be given.
            _ = await next.tokenError(.with(force: true))
        }
    }

    @Test(
        "other names, the highest number and damaged newer ones take nothing from a record that is there",
        arguments: [
            [("unsaved.281474976710656.zz", "{}"), ("unsaved.7.work", "")],
            [("unsaved.7.work", ""), ("unsaved.8.work", "garbage"), ("unsaved.281474976710656.work", "{}")],
            [("unsaved.281474976710656.work", "")],
            [("unsaved.6.work", "older"), ("unsaved.7.work", ""), ("unsaved.7.work", "")],
        ] as [[(String, String)]])
    func besides(entries: [(name: String, contents: String)]) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = try await Self.unsavedRecord(fixture)
            let token = try await fixture.token().accessToken
            let unsaved = UnsavedRecords(
                inherited: try entries.map {
                    ($0.name, try SealedFile.make(Secret($0.contents.isEmpty ? record : $0.contents)))
                })
            fixture.store.fail(.locked)
            let next = try await fixture.restarted(unsaved: unsaved)
            #expect(try await next.token().accessToken == token)
            fixture.store.fail(nil)
            next.clock.advance(by: 5)
            _ = try await next.wake()
            #expect(try await next.status.saved && !unsaved.isKept(of: "work"))
        }
    }

    @Test("is served, is told to be unsaved, and is saved as soon as the keyring takes it")
    func taken() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = fixture.store.record()
            let record = try await Self.unsavedRecord(fixture)
            let token = try await fixture.token().accessToken
            #expect(!record.isEmpty && fixture.store.record() != record)

            let next = try await fixture.restarted(unsaved: Self.handedOn(record))
            #expect(try await next.token().accessToken == token)
            #expect(try await next.status.saved == false)
            _ = try await next.wake()
            #expect(try await next.status.saved == false)
            fixture.store.fail(nil)
            next.clock.advance(by: 5)
            _ = try await next.wake()
            #expect(try await next.status.saved)
            #expect(fixture.store.record() != old)
            #expect(try await fixture.restarted().token().accessToken == token)
        }
    }

    @Test("comes before a keyring that can be read, because it is newer")
    func newer() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = try await Self.unsavedRecord(fixture)
            fixture.store.fail(nil)
            let next = try await fixture.restarted(unsaved: Self.handedOn(record))
            // The keyring's refresh token is spent: it would be refused.
            #expect(try await next.token(.with(force: true)).from == .refresh)
            #expect(try await next.status.saved)
        }
    }

    @Test(
        "is not used if it belongs to other settings, cannot be read, or the profile is for memory alone",
        arguments: [["client_id = another"], ["persist = memory"], []])
    func unusable(settings: [String]) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = try await Self.unsavedRecord(fixture)
            let keys = settings.map { $0.prefix { $0 != " " } }
            let lines = ["[profile work]", "issuer = \(await fixture.tenant.issuer)", "client_id = postern-dev"]
            try fixture.files.writeConfiguration(
                lines.filter { line in !keys.contains { line.hasPrefix($0) } } + settings)
            fixture.store.fail(nil)
            let unsaved = try Self.handedOn(settings.isEmpty ? "{}" : record)
            let next = try await fixture.restarted(unsaved: unsaved)
            let newest = try await fixture.account.served.credentials
            _ = try await next.account.load()
            #expect(try await next.account.served.credentials?.refreshToken != newest?.refreshToken)
            // Settings that belong to another sign-in may be put back.
            #expect(unsaved.isKept(of: "work") == (settings == ["client_id = another"]))
        }
    }

    @Test("of a later format is left for the later program, and the keyring's spent refresh token is not sent")
    func laterFormat() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = try await Self.unsavedRecord(fixture)
            fixture.store.fail(nil)
            let unsaved = try Self.handedOn(record.replacing(#""version":2"#, with: #""version":99"#))
            let next = try await fixture.restarted(unsaved: unsaved)
            let count = await fixture.refreshes.count
            for _ in 1...2 {
                _ = try await next.wake()
                #expect(await next.tokenError(.with(force: true))?.data.cause == "unsupported_version")
            }
            #expect(await fixture.refreshes.count == count)
            #expect(unsaved.isKept(of: "work"))
        }
    }

    @Test("that tells of a refusal is kept until the keyring knows of it")
    func refused() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.killRefreshToken()
            fixture.store.fail(.locked, afterWrites: 1)
            #expect(await fixture.tokenError(.with(force: true))?.code == .loginRequired)
            let record = try #require(try await fixture.account.record).json(at: fixture.clock)
            let unsaved = try Self.handedOn(record)
            let next = try await fixture.restarted(unsaved: unsaved)
            #expect(await next.tokenError(.with(force: true))?.data.cause == "reuse_suspected")
            #expect(try await next.status.saved == false)
            #expect(unsaved.isKept(of: "work"))
            fixture.store.fail(nil)
            next.clock.advance(by: 5)
            _ = try await next.wake()
            #expect(try await next.status.saved)
            #expect(!unsaved.isKept(of: "work"))
        }
    }

    @Test("stays out of use after a sign-out that the keyring has not heard of")
    func signedOut() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = try await Self.unsavedRecord(fixture)
            #expect(try await fixture.agent.logout(Logout()).deleted == false)
            let unsaved = try Self.handedOn(record)
            let next = try await fixture.restarted(unsaved: unsaved)
            #expect(await next.tokenError()?.data.cause == "never")
            #expect(!unsaved.isKept(of: "work"))
        }
    }

    @Test("waits for its profile while the configuration is bad")
    func badConfiguration() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let record = try await Self.unsavedRecord(fixture)
            let unsaved = try Self.handedOn(record)
            let agent = fixture.unconfigured(unsaved: unsaved)
            let good = try String(contentsOfFile: fixture.files.configurationPath, encoding: .utf8)
            try fixture.files.writeConfiguration(["[profile"])
            await #expect(throws: ConfigurationError.self) { try await agent.applyConfiguration() }
            try fixture.files.writeConfiguration([good])
            try await agent.applyConfiguration()
            #expect(try await agent.token(GetToken()).from == .cache)
            #expect(unsaved.inherited(of: "work") == nil)
        }
    }
}
