import Agent
import KeyringProtocol
import Testing
import TestSupport

@Suite("The keyring client")
struct KeyringClientTests {
    static let item = KeyringItem(kind: .session, profile: "work", collection: .default)

    static func client(on desktop: PrivateDesktop) -> KeyringClient {
        KeyringClient(
            environment: desktop.environment,
            command: .init(executable: BuiltProduct.agent.path, arguments: ["keyring-worker"]))
    }

    @Test("what was saved is loaded again")
    func savesAndLoads() async throws {
        try await withPrivateDesktop { desktop in
            let client = Self.client(on: desktop)
            try await client.save("one", as: Self.item)
            #expect(try await client.load(Self.item) == "one")
            await client.shutdown()
        }
    }
}
