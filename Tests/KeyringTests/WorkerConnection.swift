import Foundation
import Glibc
import KeyringProtocol
import TestSupport

/// A worker and the other end of its socket, spoken to byte by byte. The worker ends with the last copy, by hanging up.
struct WorkerConnection {
    let worker: ChildProcess
    private let socket: FileHandle

    init(environment: [String: String]) throws {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw POSIXError(.EMFILE) }
        defer { close(ends[1]) }
        socket = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        worker = try ChildProcess(
            BuiltProduct.agent.path, ["keyring-worker"], environment: environment, standardInput: ends[1])
    }

    func send(_ text: String) throws {
        try socket.write(contentsOf: Data(text.utf8))
    }

    func send(_ request: KeyringRequest) throws {
        try send(String(decoding: JSONEncoder().encode(request), as: UTF8.self) + "\n")
    }

    /// The worker's next answer; a test runs this only when one is due.
    func answer() throws -> KeyringReply {
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            guard let chunk = try socket.read(upToCount: 1), !chunk.isEmpty else { throw POSIXError(.EPIPE) }
            line += chunk
        }
        return try JSONDecoder().decode(KeyringReply.self, from: line)
    }

    func ask(_ operation: KeyringRequest.Operation, _ secret: String? = nil) throws -> KeyringReply {
        try send(KeyringRequest(operation: operation, item: .work, secret: secret))
        return try answer()
    }

    /// Goes away, as a daemon does that ends.
    func hangUp() throws {
        try socket.close()
    }
}

extension KeyringItem {
    static let work = KeyringItem(kind: .session, profile: "work", collection: .default)
}
