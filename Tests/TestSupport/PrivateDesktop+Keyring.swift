package import Foundation
import Glibc

extension PrivateDesktop {
    private static let secrets = "org.freedesktop.secrets"

    /// Starts gnome-keyring and waits until it provides the Secret Service.
    ///
    /// - Parameter unlocked: whether it is given the login keyring's password, which also makes that keyring if there is none.
    package func startKeyring(unlocked: Bool) async throws {
        let keyring = try ChildProcess(
            "gnome-keyring-daemon", ["--foreground", "--components=secrets"] + (unlocked ? ["--unlock"] : []),
            environment: environment)
        self.keyring = keyring
        if unlocked { try keyring.write(Self.password) }
        keyring.closeInput()
        try await awaitOwnerChange { _, new in !new.isEmpty }
    }

    /// Ends the provider as a crash would, and waits until the bus has noticed.
    package func killKeyring() async throws {
        guard case .string(let owner)? = try await callBus("GetNameOwner", "s", Self.secrets).first else {
            throw Failure(step: "GetNameOwner", detail: "unreadable")
        }
        kill(try await providerProcessID(), SIGKILL)
        try await awaitOwnerChange { old, new in old == owner && new.isEmpty }
        await keyring?.end()
        keyring = nil
    }

    /// Ends the provider and starts it anew, as after an update: gnome-keyring is locked then.
    package func restartKeyring() async throws {
        try await killKeyring()
        try await startKeyring(unlocked: false)
    }

    /// Stops the provider from running without ending it: it is there, and mute.
    package func stopKeyring() { keyring?.send(SIGSTOP) }

    /// Lets a stopped provider run again.
    package func continueKeyring() { keyring?.send(SIGCONT) }

    package func lockKeyring() async throws {
        try await call(
            Self.secrets, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "Lock",
            ["ao", "1", "/org/freedesktop/secrets/collection/login"])
    }

    /// Unlocks the login keyring as the login screen does, over gnome-keyring's control socket (`gkd-control-codes.h`).
    /// No signal tells of it.
    package func unlockKeyring() throws {
        let connection = try ControlSocket(path: runtimeDirectory.appending(path: "keyring/control").path)
        guard try connection.unlock(password: Self.password) == 0 else {
            throw Failure(step: "unlocking the keyring", detail: "gnome-keyring refused")
        }
    }

    /// The file that gnome-keyring keeps the login keyring in.
    package nonisolated var keyringFile: URL {
        home.appending(path: ".local/share/keyrings/login.keyring")
    }

    /// The process that provides the Secret Service, whoever started it.
    package func providerProcessID() async throws -> Int32 {
        guard case .number(let number)? = try await callBus("GetConnectionUnixProcessID", "s", Self.secrets).first
        else { throw Failure(step: "GetConnectionUnixProcessID", detail: "unreadable") }
        return Int32(number)
    }
}

// MARK: - An independent look at what is stored

extension PrivateDesktop {
    /// A stored item as any other program sees it, locked or not.
    package struct StoredItem: Equatable, Sendable {
        package var label: String
        package var attributes: [String: String]
    }

    /// The items of all collections that carry these attributes.
    package func items(_ attributes: [String: String] = ["application": "postern"]) async throws -> [StoredItem] {
        let answer = try await call(
            Self.secrets, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "SearchItems",
            ["a{ss}", "\(attributes.count)"] + attributes.flatMap { [$0.key, $0.value] })
        var found: [StoredItem] = []
        for case .array(let paths) in answer {
            for case .string(let path) in paths {
                found.append(
                    StoredItem(
                        label: try await property("Label", of: path, as: String.self),
                        attributes: try await property("Attributes", of: path, as: [String: String].self)))
            }
        }
        return found
    }

    private func property<Value: Decodable>(_ name: String, of item: String, as: Value.Type) async throws -> Value {
        let result = try await run(
            "busctl",
            [
                "--address=\(busAddress)", "--json=short", "get-property", Self.secrets, item,
                "org.freedesktop.Secret.Item", name,
            ])
        return try JSONDecoder().decode(PropertyAnswer<Value>.self, from: Data(result.output.utf8)).data
    }

    /// The secret as secret-tool(1) reads it, or nil if it finds none.
    package func secret(_ attributes: [String: String]) async throws -> String? {
        let result = try await run("secret-tool", ["lookup"] + attributes.flatMap { [$0.key, $0.value] })
        return result.exit == .status(0) ? result.output : nil
    }

    /// Stores an item behind the agent's back.
    package func store(_ secret: String, _ attributes: [String: String], label: String = "stored by a test")
        async throws
    {
        let result = try await run(
            "secret-tool", ["store", "--label=\(label)"] + attributes.flatMap { [$0.key, $0.value] }, input: secret)
        guard result.exit == .status(0) else { throw Failure(step: "secret-tool store", detail: result.error) }
    }
}

/// What `busctl --json=short get-property` prints.
private struct PropertyAnswer<Value: Decodable>: Decodable {
    var data: Value
}
