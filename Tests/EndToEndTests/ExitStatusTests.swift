import DevTenant
import TestSupport
import Testing

@Suite("Exit statuses")
struct ExitStatusTests {
    @Test("each class of failure has its own")
    func classes() async throws {
        try await withRunningAgent { agent in
            func status(_ arguments: String...) async throws -> ChildProcess.Exit {
                let child = try ChildProcess(RunningAgent.command, arguments, environment: agent.environment)
                return try await withDeadline {
                    child.closeInput()
                    return await child.exit()
                }
            }
            #expect(try await status("frobnicate") == .status(64))
            #expect(try await status("token", "--rejected", "in-argv") == .status(64))
            #expect(try await status("token", "nobody") == .status(66))
            #expect(try await status("token") == .status(77))
            #expect(try await status("status") == .status(0))
            try await agent.signIn()
            #expect(try await status("token") == .status(0))
            #expect(try await status("token", "--min-ttl", "90000") == .status(65))

            await agent.tenant.order(.idToken(.otherAudience), at: .token, grant: .passwordlessOTP)
            #expect(try await agent.login().exit == .status(76))
            await agent.tenant.order(.refusal(403, "unauthorized_client", "Grant type not allowed"), at: .start)
            #expect(try await status("login") == .status(78))
            await agent.tenant.order(.page(503), at: .start)
            #expect(try await status("login") == .status(75))
            await agent.tenant.order(.rateLimited(), at: .start)
            #expect(try await status("login") == .status(75))

            try await agent.stop()
            let gone = try await agent.postern("token")
            #expect(gone.exit == .status(69))
            #expect(gone.error.contains("systemctl --user"))
        }
    }

    @Test("the daemon takes no arguments but two, and says so")
    func daemon() async throws {
        func posternd(_ arguments: String...) async throws -> ChildProcess.Result {
            try await withDeadline { try await ChildProcess.run(BuiltProduct.agent.path, arguments, environment: [:]) }
        }
        #expect(try await posternd("--nonsense").exit == .status(64))
        #expect(try await posternd("--help").exit == .status(0))
        #expect(try await posternd("--version").output.hasPrefix("posternd "))
    }

    @Test("the daemon does not guess at a log level")
    func logLevel() async throws {
        let daemon = try await withDeadline {
            try await ChildProcess.run(BuiltProduct.agent.path, environment: ["POSTERN_LOG_LEVEL": "loud"])
        }
        #expect(daemon.exit == .status(64))
        #expect(daemon.error.contains("'loud'") && daemon.error.contains("debug"))
    }
}
