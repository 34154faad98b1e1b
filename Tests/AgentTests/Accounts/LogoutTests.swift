import Auth0
import DevTenant
import Foundation
import KeyringProtocol
import PosternProtocol
import Testing

@testable import Agent

@Suite("A logout")
struct LogoutTests {
    private static func logout(_ fixture: AgentFixture, revoke: Bool? = nil) async throws -> Logout.Response {
        try await fixture.agent.logout(Logout(revoke: revoke))
    }

    /// The refresh tokens that the tenant was asked to revoke.
    private static func revoked(_ fixture: AgentFixture) async -> [Int?] {
        await fixture.tenant.requests(to: .revoke).map { $0.refreshToken?.generation }
    }

    @Test("it revokes the refresh token and deletes the record")
    func everything() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let answer = try await Self.logout(fixture)
            #expect(answer == Logout.Response(revoked: true, deleted: true))
            #expect(await Self.revoked(fixture) == [0])
            #expect(fixture.store.record() == nil)
            #expect(await fixture.tokenError()?.data.cause == "never")
            #expect(try await fixture.status.state == .signedOut)
        }
    }

    @Test("with revoke = false the tenant is not told")
    func withoutRevoking() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let answer = try await Self.logout(fixture, revoke: false)
            #expect(answer.deleted && !answer.revoked)
            #expect(await Self.revoked(fixture).isEmpty)
        }
    }

    @Test("nobody signed in: nothing is left to be done")
    func nobody() async throws {
        try await AgentFixture.run { fixture in
            let answer = try await Self.logout(fixture)
            #expect(answer == Logout.Response(revoked: true, deleted: true))
        }
    }

    @Test("a tenant that cannot be reached keeps nothing here, and the answer says why it was not told")
    func offline() async throws {
        try await AgentFixture.run(isServing: false) { fixture in
            try await fixture.tenant.serving { _ = try await fixture.signIn() }
            let answer = try await Self.logout(fixture)
            #expect(!answer.revoked)
            #expect(answer.deleted)
            #expect(answer.reason?.isEmpty == false)
            #expect(await fixture.tokenError()?.data.cause == "never")
        }
    }

    @Test("with the keyring locked the item is not loaded again, and deleted as soon as it can be")
    func locked() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.locked)
            let answer = try await Self.logout(fixture)
            #expect(answer.revoked)
            #expect(!answer.deleted)
            #expect(answer.reason?.isEmpty == false)
            #expect(fixture.store.record() != nil)
            #expect(try await fixture.wake() == 5)
            fixture.store.fail(nil)
            fixture.clock.advance(by: 5)
            _ = try await fixture.wake()
            #expect(fixture.store.record() == nil)
        }
    }

    @Test("after a restart the item that could not be deleted is deleted and never used")
    func lockedRestart() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.locked)
            _ = try await Self.logout(fixture)
            let locked = try await fixture.restarted()
            #expect(await locked.tokenError()?.code == .loginRequired)
            fixture.store.fail(nil)
            let next = try await fixture.restarted()
            #expect(await next.tokenError()?.data.cause == "never")
            #expect(fixture.store.record() == nil)
            // The note is gone with it: the next sign-in survives a restart.
            try await next.signIn()
            #expect(try await next.restarted().token().from == .cache)
        }
    }

    @Test("the note of a logout holds no secret and is for the user alone")
    func note() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.locked)
            _ = try await Self.logout(fixture)
            let notes = fixture.files.root + "/state/postern/signed-out"
            // One for each collection that may have an item.
            #expect(
                try Set(FileManager.default.contentsOfDirectory(atPath: notes)) == ["profile.work", "session.work"])
            #expect(try Data(contentsOf: URL(filePath: notes + "/profile.work")).isEmpty)
            let attributes = try FileManager.default.attributesOfItem(atPath: notes)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
        }
    }

    @Test("a logout that can be neither carried out nor noted says so, once")
    func unnoted() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let state = fixture.files.root + "/state"
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
            try Data().write(to: URL(filePath: state + "/postern"))
            fixture.store.fail(.locked)
            let answer = try await Self.logout(fixture)
            #expect(!answer.deleted)
            #expect(answer.reason?.components(separatedBy: "could not be noted on disk").count == 2)
        }
    }

    @Test("no name of a profile is taken for a directory", arguments: [".", ".."])
    func dots(name: String) throws {
        let files = try TestFiles()
        defer { files.remove() }
        let notes = ItemNotes(.signedOut, environment: files.environment)
        let items = [KeyringItem.Collection.default, .session].map {
            KeyringItem(kind: .session, profile: name, collection: $0)
        }
        for item in items {
            #expect(!notes.exists(for: item))
            try notes.write(for: item)
            #expect(notes.exists(for: item))
            notes.remove(for: item)
            #expect(!notes.exists(for: item))
        }
    }

    @Test("a pipe where a note should be fails and holds nobody up")
    func pipe() throws {
        let files = try TestFiles()
        defer { files.remove() }
        let notes = ItemNotes(.signedIn, environment: files.environment)
        let item = KeyringItem(kind: .session, profile: "work", collection: .session)
        try notes.write(for: item)
        notes.remove(for: item)
        let directory = try #require(files.environment["XDG_STATE_HOME"]) + "/postern/signed-in"
        try #require(mkfifo(directory + "/session.work", 0o600) == 0)
        #expect(throws: ItemNotes.Failure.self) { try notes.write(for: item) }
    }

    @Test("a refresh in flight neither brings the sign-in back nor leaves its token valid")
    func flight() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.holdAnswer)
            async let error = fixture.tokenError(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            let flight = try await fixture.account.flight
            let answer = try await Self.logout(fixture)
            #expect(answer.deleted)
            #expect(await error?.code == .loginRequired)
            await fixture.tenant.release()
            await flight?.task.value
            try await fixture.tenant.requestArrived(at: .revoke, count: 2)
            #expect(await Self.revoked(fixture) == [0, 1])
            #expect(fixture.store.record() == nil)
            #expect(await fixture.tokenError()?.data.cause == "never")
        }
    }

    @Test("a refresh that is being saved does not bring the record back")
    func saving() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.hold)
            async let error = fixture.tokenError(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            fixture.store.hold()
            await fixture.tenant.release()
            try await fixture.store.callHeld()
            async let answer = Self.logout(fixture)
            #expect(await error?.code == .loginRequired)
            fixture.store.release()
            #expect(try await answer.deleted)
            #expect(fixture.store.record() == nil)
            #expect(await Self.revoked(fixture) == [1])
        }
    }

    @Test("it ends a live login")
    func login() async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            _ = try await Self.logout(fixture)
            let state = try await fixture.agent.waitForLogin(WaitForLogin(loginID: login.loginID))
            guard case .failed(let error) = state.step else {
                Issue.record("The login goes on.")
                return
            }
            #expect(error.code == .denied)
        }
    }

    @Test("signing in again revokes the refresh token it replaces")
    func replaced() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let old = try await fixture.token().accessToken
            fixture.clock.advance(by: 30)
            try await fixture.signIn()
            #expect(try await fixture.token().accessToken != old)
            try await fixture.tenant.requestArrived(at: .revoke)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
        }
    }

    @Test("a sign-in during a refresh wins: the late result is revoked and the new tokens stay")
    func signInDuringRefresh() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            await fixture.order(.holdAnswer)
            async let waiting = fixture.token(.with(force: true))
            try await fixture.tenant.requestHeld(at: .token, grant: .refreshToken)
            let flight = try await fixture.account.flight
            try await fixture.signIn()
            let new = try await waiting
            await fixture.tenant.release()
            await flight?.task.value
            try await fixture.tenant.requestArrived(at: .revoke, count: 2)
            #expect(try await fixture.token().accessToken == new.accessToken)
            #expect(try await fixture.token(.with(force: true)).from == .refresh)
        }
    }
}
