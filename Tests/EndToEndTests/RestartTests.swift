import DevTenant
import TestSupport
import Testing

@Suite("Restart")
struct RestartTests {
    @Test("a restarted daemon serves the same token without a request to the tenant")
    func keepsToken() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let token = try await agent.token()
            await agent.tenant.forgetRequests()
            try await agent.restart()
            #expect(try await agent.token() == token)
            #expect(await agent.tenant.requests().isEmpty)
        }
    }

    @Test("fifty parallel commands after a restart with an expired token make one refresh")
    func refreshesOnce() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.restartWithExpiredTokens()
            await agent.tenant.order(.hold, at: .token, grant: .refreshToken)
            let tokens = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let result = try await agent.postern("token", "--wait", "60")
                        #expect(result.exit == .status(0), "\(result.error)")
                        return result.output
                    }
                }
                // All of them are connected, and none can have its answer while the one request is held.
                try await withDeadline { try await agent.tenant.requestHeld(at: .token, grant: .refreshToken) }
                try await agent.connectionsTaken(50)
                await agent.tenant.release()
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(try await tokens == [agent.token() + "\n"])
            #expect(await agent.tenant.requests(to: .token, grant: .refreshToken).count == 1)
        }
    }
}
