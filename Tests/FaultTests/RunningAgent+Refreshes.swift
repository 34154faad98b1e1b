import DevTenant
import TestSupport
import Testing

extension Options {
    /// A tenant that takes the refresh token before the newest one for a minute more; `rotation_overlap = 60` tells the agent.
    static let overlapping: Options = {
        var options = Options()
        options.clients = [Client(refreshTokens: RefreshTokenPolicy(overlap: 60))]
        return options
    }()
}

extension RunningAgent {
    /// The refreshes that the tenant got, answered or not.
    nonisolated var refreshes: [RecordedRequest] {
        get async { await tenant.requests(to: .token, grant: .refreshToken) }
    }

    /// The generation of the refresh token that each of them presented: 0 is the sign-in's.
    nonisolated var presented: [Int?] {
        get async { await refreshes.map(\.refreshToken?.generation) }
    }

    /// Waits until a refresh is held at the tenant.
    nonisolated func refreshHeld() async throws {
        try await withDeadline { [tenant] in try await tenant.requestHeld(at: .token, grant: .refreshToken) }
    }

    /// Waits until the keyring's record satisfies the condition.
    nonisolated func recorded(_ condition: @escaping @Sendable (JSON) -> Bool) async throws {
        try await withDeadline { [self] in
            while try await record().map(condition) != true { try Task.checkCancellation() }
        }
    }

    /// Sends a request for a token over a connection of its own, and does not wait for the answer.
    nonisolated func requestToken(_ params: JSON = [:]) throws -> AgentConnection {
        let connection = try connect()
        try connection.request("token.get", params)
        return connection
    }
}

/// Runs `body` with a person signed in at a tenant that is away then: its port is closed until it serves again.
func withTenantAway(_ body: @escaping @Sendable (RunningAgent) async throws -> Void) async throws {
    try await withPlace {
        try await withPrivateDesktop { desktop in
            let tenant = try DevTenant()
            try await withAgent(desktop, tenant) { agent in
                try await tenant.serving {
                    try agent.configure(await agent.profile())
                    try await agent.start()
                    try await agent.signIn()
                }
                try await body(agent)
            }
        }
    }
}
