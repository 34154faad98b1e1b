import Glibc
import Synchronization

/// A token, code, key or client secret: prints as redacted everywhere, and its bytes are wiped when the last copy is released.
///
/// The guarantee covers the bytes held here. ``revealed`` makes a `String`, whose storage Swift does not wipe; use it only at the edge where the
/// value leaves (a request body, the keyring record, an answer), and keep none of those strings.
///
/// It encodes as its value, which is for the keyring record alone: wire types do not import this module.
package struct Secret: Sendable {
    private let storage: Storage

    package init(_ value: String) {
        storage = Storage(Array(value.utf8))
    }

    /// The value itself.
    package var revealed: String {
        storage.bytes.withLock { String(decoding: $0, as: UTF8.self) }
    }

    private final class Storage: Sendable {
        let bytes: Mutex<[UInt8]>

        init(_ value: [UInt8]) {
            bytes = Mutex(value)
        }

        deinit {
            bytes.withLock { bytes in
                bytes.withUnsafeMutableBytes { buffer in
                    guard let start = buffer.baseAddress else { return }
                    explicit_bzero(start, buffer.count)
                }
            }
        }
    }
}

extension Secret: Equatable {
    package static func == (left: Secret, right: Secret) -> Bool {
        left.revealed == right.revealed
    }
}

extension Secret: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(revealed)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "‹redacted›" }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
