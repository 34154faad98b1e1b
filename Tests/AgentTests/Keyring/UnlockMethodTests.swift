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
            fixture.clock.advance(by: limit)
            fixture.store.release()
            #expect(await failure?.code == .timeout)
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
