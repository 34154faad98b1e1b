import DevTenant
import Foundation
import Glibc
import PosternProtocol
import TestSupport
import Testing

@testable import Agent

@Suite("keyring.unlock")
struct UnlockMethodTests {
    @Test("what waited for the keyring is due once it is unlocked")
    func flushes() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            fixture.store.fail(.locked, afterWrites: 1)
            _ = try await fixture.token(.with(force: true))
            #expect(try await fixture.status.saved == false)
            let answer = try await fixture.agent.unlockKeyring(UnlockKeyring())
            #expect(answer.keyring == .available)
            // It is due, with no time gone by.
            _ = try await fixture.wake()
            #expect(try await fixture.status.saved)
        }
    }

    @Test("out of time is 1016 after the seconds that were given, 120 if none were", arguments: [nil, 7])
    func timeout(seconds: Int?) async throws {
        try await AgentFixture.run { fixture in
            fixture.store.fail(.locked)
            fixture.store.hold()
            async let failure = failure { () async throws(AgentError) in
                _ = try await fixture.agent.unlockKeyring(UnlockKeyring(timeout: seconds))
            }
            let limit = Double(seconds ?? 120)
            try await fixture.clock.sleeper(within: limit...limit)
            try await fixture.store.callHeld()
            fixture.clock.advance(by: limit)
            fixture.store.release()
            #expect(await failure?.code == .timeout)
        }
    }

    /// Holds the lock of prompts, as a command does that shows one.
    private static func promptLock(_ directory: String) throws -> CInt {
        try FileManager.default.createDirectory(atPath: directory + "/postern", withIntermediateDirectories: true)
        let descriptor = open(directory + "/postern/prompt.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        try #require(write(descriptor, "work", 4) == 4)
        return descriptor
    }

    @Test("the dialog waits for another prompt, whose file it leaves as it is, and keeps others from showing one")
    func otherPrompt() async throws {
        try await AgentFixture.run { fixture in
            let directory = fixture.files.root + "/run"
            let other = try Self.promptLock(directory)
            let agent = fixture.unconfigured(environment: ["XDG_RUNTIME_DIR": directory])
            fixture.store.fail(.locked)
            fixture.store.answer(nil)
            async let answer = agent.unlockKeyring(UnlockKeyring())
            try await fixture.clock.sleeper(within: 1...1)
            #expect(fixture.store.state.value.unlocks == 0)
            close(other)
            fixture.clock.advance(by: 1)
            _ = try await fixture.store.state.wait { $0.unlocks == 1 ? true : nil }
            let own = open(directory + "/postern/prompt.lock", O_RDWR | O_CLOEXEC)
            #expect(flock(own, LOCK_EX | LOCK_NB) != 0)
            async let second = agent.unlockKeyring(UnlockKeyring())
            _ = try await fixture.store.state.wait { $0.unlocks == 2 ? true : nil }
            #expect(try String(contentsOfFile: directory + "/postern/prompt.lock", encoding: .utf8) == "work")
            fixture.store.fail(nil)
            fixture.store.answer(.unlocked)
            _ = try await (answer, second)
            #expect(flock(own, LOCK_EX | LOCK_NB) == 0)
            close(own)
        }
    }

    @Test("another prompt that is not answered in time is said, and waited for by nobody whose keyring is unlocked")
    func otherPromptStays() async throws {
        try await AgentFixture.run { fixture in
            let directory = fixture.files.root + "/run"
            let other = try Self.promptLock(directory)
            defer { close(other) }
            let agent = fixture.unconfigured(environment: ["XDG_RUNTIME_DIR": directory])
            _ = try await agent.unlockKeyring(UnlockKeyring())
            fixture.store.fail(.locked)
            async let failure = failure { () async throws(AgentError) in
                _ = try await agent.unlockKeyring(UnlockKeyring(timeout: 5))
            }
            try await fixture.clock.sleeper(within: 5...5)
            fixture.clock.advance(by: 5)
            let error = await failure
            #expect(error?.code == .timeout && error?.message.contains("Another prompt") == true)
        }
    }

    @Test("a dismissed dialog is 1014 and says what to do where there is no display")
    func dismissed() async throws {
        try await AgentFixture.run { fixture in
            fixture.store.fail(.locked)
            fixture.store.answer(.dismissed)
            let error = await failure { () async throws(AgentError) in
                _ = try await fixture.agent.unlockKeyring(UnlockKeyring())
            }
            #expect(error?.code == .denied)
            #expect(error?.data.hint?.contains("--replace --unlock") == true)
        }
    }

    @Test("a keyring that is not there is 1005, with the reason")
    func absent() async throws {
        try await AgentFixture.run { fixture in
            fixture.store.fail(.absent("there is no session bus"))
            let error = await failure { () async throws(AgentError) in
                _ = try await fixture.agent.unlockKeyring(UnlockKeyring())
            }
            #expect(error?.code == .keyringUnavailable)
            #expect(error?.data.cause == "absent")
            #expect(error?.message.contains("there is no session bus") == true)
        }
    }

    /// Asks for a token while a dialog is open, and answers that once the request waits for it.
    private static func tokenDuringUnlock(
        _ fixture: AgentFixture, _ answer: @Sendable () -> Void
    ) async throws -> Result<GetToken.Response.Source, AgentError> {
        fixture.store.fail(.locked)
        fixture.store.answer(nil)
        async let unlocking = failure { () async throws(AgentError) in
            _ = try await fixture.agent.unlockKeyring(UnlockKeyring())
        }
        try await fixture.clock.sleeper(within: 120...120)
        async let result = Self.token(fixture)
        try await fixture.clock.sleeper(within: 30...30)
        answer()
        let source = await result
        fixture.store.answer(.dismissed)
        _ = await unlocking
        return source
    }

    private static func token(_ fixture: AgentFixture) async -> Result<GetToken.Response.Source, AgentError> {
        do throws(AgentError) {
            return .success(try await fixture.token(.with(wait: 30)).from)
        } catch {
            return .failure(error)
        }
    }

    @Test("who needs what is locked waits for the unlock under way")
    func awaited() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let next = try await fixture.restarted()
            let source = try await Self.tokenDuringUnlock(next) { next.store.answer(.unlocked) }
            #expect(try source.get() == .cache)
        }
    }

    @Test("a refresh that a locked keyring keeps back waits for the unlock under way")
    func awaitedByRefresh() async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            try await fixture.expireToken()
            let source = try await Self.tokenDuringUnlock(fixture) { fixture.store.answer(.unlocked) }
            #expect(try source.get() == .refresh)
            #expect(await fixture.refreshes.map(\.refreshToken?.generation) == [0])
        }
    }

    @Test("who met a lock that is gone by now asks the keyring once more", arguments: [false, true])
    func unlockedMeanwhile(isLasting: Bool) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let next = try await fixture.restarted()
            next.store.failCall(1, isLasting: isLasting, with: .locked)
            let error = await failure { () async throws(AgentError) in _ = try await next.agent.token(GetToken()) }
            #expect(error?.code == (isLasting ? .keyringLocked : nil))
        }
    }

    @Test(
        "who has waited as long as they would, or for a dialog that was dismissed, is told 1004",
        arguments: [true, false])
    func awaitedInVain(isOutOfTime: Bool) async throws {
        try await AgentFixture.run { fixture in
            try await fixture.signIn()
            let next = try await fixture.restarted()
            let source = try await Self.tokenDuringUnlock(next) {
                if isOutOfTime { next.clock.advance(by: 30) } else { next.store.answer(.dismissed) }
            }
            #expect(throws: AgentError.self) { try source.get() }
            if case .failure(let error) = source { #expect(error.code == .keyringLocked) }
        }
    }

    @Test("a time below zero is refused")
    func invalid() async throws {
        try await AgentFixture.run { fixture in
            let error = await failure { () async throws(AgentError) in
                _ = try await fixture.agent.unlockKeyring(UnlockKeyring(timeout: -1))
            }
            #expect(error?.code == .invalidParams)
        }
    }
}
