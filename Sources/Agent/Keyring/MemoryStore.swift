import Auth0
package import KeyringProtocol
package import PosternProtocol

/// Keeps secrets for as long as the process lives and nowhere else.
package actor MemoryStore: SecretStore {
    private var secrets: [KeyringItem: Secret] = [:]

    package init() {}

    package func state(mayStart: Bool) -> KeyringState { .available }

    package func load(_ item: KeyringItem) throws(SecretStoreError) -> String? {
        secrets[item]?.revealed
    }

    package func save(_ secret: String, as item: KeyringItem) throws(SecretStoreError) {
        secrets[item] = Secret(secret)
    }

    package func delete(_ item: KeyringItem) throws(SecretStoreError) { secrets[item] = nil }

    package nonisolated func changes() -> AsyncStream<KeyringState> {
        AsyncStream { $0.yield(.available) }
    }

    package func unlock() throws(SecretStoreError) -> UnlockOutcome { .unlocked }
}
