import Agent
import KeyringProtocol
import TestSupport

extension KeyringItem {
    static let work = KeyringItem(kind: .session, profile: "work", collection: .default)
    static let transient = KeyringItem(kind: .session, profile: "work", collection: .session)
}

extension KeyringClient.WorkerCommand {
    /// The built daemon's worker.
    static let built = Self(executable: BuiltProduct.agent.path, arguments: ["keyring-worker"])
}

/// Whether it says that there is no keyring, for whatever reason.
func isAbsent(_ error: any Error) -> Bool {
    if case SecretStoreError.absent = error { true } else { false }
}

/// Runs `body` with a keyring client in a desktop of its own.
func withKeyringClient(
    provider: PrivateDesktop.Provider = .unlocked,
    _ body: (KeyringClient, PrivateDesktop) async throws -> Void
) async throws {
    try await withPrivateDesktop(provider: provider) { desktop in
        let client = KeyringClient(environment: desktop.environment, command: .built)
        do {
            try await body(client, desktop)
            await client.shutdown()
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
