import PosternProtocol
import ServiceLifecycle

/// Has what waits for the keyring tried at once when the keyring may have become usable, and tells subscribers.
struct KeyringFollower: Service {
    let keyring: any SecretStore
    let accounts: AccountRegistry
    let events: EventHub

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known: KeyringState?
            for await state in keyring.changes() {
                if let known, known != state {
                    events.publish(.keyring) { $0.keyring = state }
                }
                known = state
                await accounts.keyringChanged()
            }
        }
    }
}
