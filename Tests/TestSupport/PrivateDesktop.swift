package import Foundation
import Glibc

/// A desktop session that nobody else uses: a home, a runtime directory, a session bus and, unless told otherwise, an
/// unlocked gnome-keyring, all real and all private.
///
/// Everything it starts is ended, and everything it wrote removed, when ``withPrivateDesktop(provider:dataHome:_:)`` returns.
package actor PrivateDesktop {
    /// Who provides the Secret Service at first.
    package enum Provider: Sendable {
        /// gnome-keyring with an unlocked, empty login keyring.
        case unlocked
        /// gnome-keyring as it starts on a fresh account that has no keyring yet.
        case withoutKeyring
        /// Nobody, and D-Bus knows of nobody to start.
        case none
    }

    /// A step that should have succeeded did not.
    package struct Failure: Error {
        package var step: String
        package var detail: String
    }

    /// The keyring's password.
    package static let password = "the private desktop's own"

    /// What the session's programs run with. It names no display, so nothing can show a dialog.
    package nonisolated let environment: [String: String]
    package nonisolated let home: URL
    package nonisolated let runtimeDirectory: URL
    package nonisolated let busAddress: String

    let directory: URL
    var bus: ChildProcess?
    var traffic: ChildProcess?
    var keyring: ChildProcess?

    fileprivate init(dataHome: String?) throws {
        // The paths of the sockets below must stay under 108 bytes (unix(7)), wherever TMPDIR points.
        var template = Array("/tmp/desktop-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(step: "mkdtemp", detail: "errno \(errno)") }
        directory = URL(filePath: String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
        home = directory.appending(path: "home")
        runtimeDirectory = directory.appending(path: "run")
        busAddress = "unix:path=\(runtimeDirectory.path)/bus"
        for made in [home, runtimeDirectory, directory.appending(path: "services")] {
            try FileManager.default.createDirectory(
                at: made, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        }
        var environment = ProcessInfo.processInfo.environment.filter { ["PATH", "LD_LIBRARY_PATH"].contains($0.key) }
        environment["HOME"] = home.path
        environment["XDG_RUNTIME_DIR"] = runtimeDirectory.path
        environment["XDG_CONFIG_DIRS"] = directory.appending(path: "etc").path
        environment["DBUS_SESSION_BUS_ADDRESS"] = busAddress
        environment["DBUS_SYSTEM_BUS_ADDRESS"] = busAddress
        environment["LANG"] = "C.UTF-8"
        environment["XDG_DATA_HOME"] = dataHome
        self.environment = environment
    }

    fileprivate func start(_ provider: Provider) async throws {
        try await startBus()
        switch provider {
        case .unlocked: try await startKeyring(unlocked: true)
        case .withoutKeyring: try await startKeyring(unlocked: false)
        case .none: break
        }
    }

    fileprivate func end() async {
        // Without a bus nobody can have been started by it who is still there. A provider made up by a test (`BusPeer`)
        // is the test's own process.
        if bus != nil, let provider = try? await providerProcessID(), provider != getpid() { kill(provider, SIGKILL) }
        for child in [keyring, traffic, bus] { await child?.end() }
        // A directory that stays behind must not hide what the test itself found.
        try? FileManager.default.removeItem(at: directory)
    }

    /// Runs a program of the session to its end.
    package nonisolated func run(
        _ executable: String, _ arguments: [String], input: String = ""
    ) async throws -> ChildProcess.Result {
        try await withDeadline { [environment] in
            try await ChildProcess.run(executable, arguments, environment: environment, input: input)
        }
    }
}

/// Runs `body` in a desktop session of its own.
///
/// - Parameter dataHome: where its programs keep their data, keyrings among them, instead of its home.
package func withPrivateDesktop<Value>(
    provider: PrivateDesktop.Provider = .unlocked, dataHome: String? = nil,
    _ body: (PrivateDesktop) async throws -> Value
) async throws -> Value {
    let desktop = try PrivateDesktop(dataHome: dataHome)
    do {
        try await desktop.start(provider)
        let value = try await body(desktop)
        await desktop.end()
        return value
    } catch {
        await desktop.end()
        throw error
    }
}
