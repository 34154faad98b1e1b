import Agent
import KeyringProtocol
import PosternProtocol
import Testing

@Suite("The memory store")
struct MemoryStoreTests {
    @Test("it keeps what was saved, for itself alone")
    func keeps() async throws {
        let store = MemoryStore()
        #expect(try await store.load(.work) == nil)
        try await store.save("one", as: .work)
        #expect(try await store.load(.work) == "one")
        #expect(try await store.load(.transient) == nil)
        #expect(try await MemoryStore().load(.work) == nil)
        try await store.delete(.work)
        #expect(try await store.load(.work) == nil)
        #expect(await store.state(mayStart: false) == .available)
    }
}
