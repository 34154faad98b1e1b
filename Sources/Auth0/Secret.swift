import CSecrets
import Glibc

/// A token, code, key or client secret: prints as redacted everywhere, lies in memory that is kept from the swap as far as the user's limit goes, and
/// its bytes are wiped when the last copy is released.
///
/// The guarantee covers the bytes held here. ``revealed`` makes a `String`, which may reach the swap; use it only at the edge where the value
/// leaves (a request body, the keyring record, an answer), and keep none of those strings.
///
/// It encodes as its value, which is for the keyring record alone: wire types do not import this module.
package struct Secret: Sendable {
    private let storage: Storage

    package init(_ value: String) {
        var value = value
        storage = value.withUTF8 { Storage(UnsafeRawBufferPointer($0)) }
    }

    /// Why the kernel keeps no more secrets from the swap, as an errno of mlock(2); nil as long as it does.
    package static var lockRefusal: CInt? {
        let refusal = postern_locks().refusal
        return refusal == 0 ? nil : refusal
    }

    /// The value itself.
    package var revealed: String {
        String(decoding: storage.bytes, as: UTF8.self)
    }

    private final class Storage: Sendable {
        /// Written before anybody has the object, and given back when nobody has it any more.
        nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

        init(_ value: UnsafeRawBufferPointer) {
            let memory = UnsafeMutableRawBufferPointer(start: postern_secret_alloc(value.count), count: value.count)
            memory.copyMemory(from: value)
            bytes = UnsafeRawBufferPointer(memory)
        }

        deinit {
            postern_secret_free(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        }
    }
}

extension Secret: Equatable {
    package static func == (left: Secret, right: Secret) -> Bool {
        left.storage.bytes.elementsEqual(right.storage.bytes)
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
