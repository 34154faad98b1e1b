package import Foundation

/// A disk of a mebibyte, to be filled and to be mounted read-only, which needs no privilege: a tmpfs in a user and mount namespace of its holder
/// (user_namespaces(7)), reached from outside by the holder's root directory (proc(5), /proc/PID/root).
package final class SmallDisk: Sendable {
    package struct Failure: Error {
        package var step: String
        package var output: String
    }

    /// Mounts the disk, then mounts it anew with the options that each line of its input names, and says so.
    private static let script = """
        mount -t tmpfs -o size=1m,mode=700 tmpfs /tmp && echo ready || exit
        while read -r options; do mount -o "remount,$options" /tmp && echo "now $options"; done
        """
    private static let namespaces = ["--user", "--map-current-user", "--keep-caps", "--mount"]

    private let holder: ChildProcess

    fileprivate init() throws {
        let environment = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" }
        holder = try ChildProcess("unshare", Self.namespaces + ["sh", "-c", Self.script], environment: environment)
    }

    package var directory: URL { URL(filePath: "/proc/\(holder.processID)/root/tmp") }

    /// Writes until there is no room left.
    package func fill() throws {
        let filler = directory.appending(path: "filler")
        _ = FileManager.default.createFile(atPath: filler.path, contents: nil)
        let file = try FileHandle(forWritingTo: filler)
        defer { try? file.close() }  // nothing is lost with it
        do {
            while true { try file.write(contentsOf: Data(count: 4096)) }
        } catch CocoaError.fileWriteOutOfSpace {}
    }

    /// Makes the room again that ``fill()`` took.
    package func makeRoom() throws {
        try FileManager.default.removeItem(at: directory.appending(path: "filler"))
    }

    package func setReadOnly(_ isReadOnly: Bool) async throws {
        let option = isReadOnly ? "ro" : "rw"
        try holder.write(option + "\n")
        try await withDeadline { [holder] in try await holder.line { $0 == "now \(option)" } }
    }

    fileprivate func mounted() async throws {
        try await withDeadline { [holder] in try await holder.line { $0 == "ready" } }
    }

    fileprivate func end() async {
        await holder.end()
    }
}

/// Runs `body` with a disk of its own.
package func withSmallDisk(_ body: (SmallDisk) async throws -> Void) async throws {
    let disk = try SmallDisk()
    do {
        try await disk.mounted()
        try await body(disk)
        await disk.end()
    } catch {
        await disk.end()
        throw error
    }
}
