import Agent
import KeyringProtocol
import PosternProtocol
import TestSupport
import Testing

@Suite("The keyring client", .timeLimit(.minutes(5)))
struct KeyringClientTests {
    @Test("what was saved is loaded, replaced and deleted", arguments: [KeyringItem.work, .transient])
    func keeps(_ item: KeyringItem) async throws {
        try await withKeyringClient { client, desktop in
            #expect(try await client.load(item) == nil)
            try await client.save("one", as: item)
            #expect(try await client.load(item) == "one")
            try await client.save("two", as: item)
            #expect(try await client.load(item) == "two")
            #expect(try await desktop.items().count == 1)
            try await client.delete(item)
            #expect(try await client.load(item) == nil)
            #expect(try await desktop.items().isEmpty)
        }
    }

    @Test("deleting what does not exist is no error")
    func deletesNothing() async throws {
        try await withKeyringClient { client, _ in
            try await client.delete(.work)
        }
    }

    @Test("other programs see a label and three attributes, none of them personal")
    func describes() async throws {
        try await withKeyringClient { client, desktop in
            try await client.save("record", as: .work)
            let attributes = ["application": "postern", "kind": "session", "profile": "work"]
            var stored = try await desktop.items()
            #expect(stored.map(\.label) == ["Postern: work"])
            // gnome-keyring adds this one of its own accord.
            stored[0].attributes["xdg:schema"] = nil
            #expect(stored[0].attributes == attributes)
            #expect(try await desktop.secret(attributes) == "record")
        }
    }

    @Test("items differ by kind, profile and collection")
    func keepsApart() async throws {
        try await withKeyringClient { client, _ in
            let secret = KeyringItem(kind: .clientSecret, profile: "work", collection: .default)
            let home = KeyringItem(kind: .session, profile: "home", collection: .default)
            let items: [KeyringItem] = [.work, .transient, secret, home]
            for (number, item) in items.enumerated() { try await client.save("\(number)", as: item) }
            try await client.delete(home)
            #expect(try await client.load(.work) == "0")
            #expect(try await client.load(.transient) == "1")
            #expect(try await client.load(secret) == "2")
            #expect(try await client.load(home) == nil)
        }
    }

    /// Secrets that something on the way might trip over, by the names under which a failure is reported.
    enum Text: String, CaseIterable {
        case lines, signs, long, empty

        var secret: String {
            switch self {
            case .lines: "line one\nline two\r\n\n"
            case .signs: "\"\\/ \u{1}\u{7f} ключ 🗝 e\u{301}"
            case .long: String(repeating: "0aß€🗝", count: 5600)
            case .empty: ""
            }
        }
    }

    @Test("a secret comes back byte by byte", arguments: Text.allCases)
    func keepsText(_ text: Text) async throws {
        try await withKeyringClient { client, _ in
            try await client.save(text.secret, as: .work)
            let loaded = try #require(try await client.load(.work))
            // Not by ==, which finds equal what Unicode finds equivalent.
            #expect(loaded.utf8.elementsEqual(text.secret.utf8))
        }
    }

    @Test("twenty saves at once are all kept")
    func savesConcurrently() async throws {
        try await withKeyringClient { client, desktop in
            let items = (1...20).map { KeyringItem(kind: .session, profile: "profile-\($0)", collection: .default) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for item in items { group.addTask { try await client.save("secret of \(item.profile)", as: item) } }
                try await group.waitForAll()
            }
            for item in items { #expect(try await client.load(item) == "secret of \(item.profile)") }
            #expect(try await desktop.items().count == 20)
        }
    }

    @Test("no worker is started before one is needed, and one serves many requests")
    func startsLazily() async throws {
        try await withKeyringClient { client, _ in
            #expect(await client.state(mayStart: false) == .available)
            #expect(await client.workerProcessID == nil)
            try await client.save("one", as: .work)
            let worker = await client.workerProcessID
            #expect(worker != nil)
            _ = try await client.load(.work)
            #expect(await client.workerProcessID == worker)
        }
    }
}
