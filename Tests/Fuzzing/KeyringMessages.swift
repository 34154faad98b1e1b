import Foundation
import Glibc
import KeyringProtocol

@testable import Keyring

/// What the agent and its keyring worker say to each other.
enum KeyringMessages {
    static func read(_ bytes: [UInt8]) {
        // What does not decode is refused.
        if let request = try? JSONDecoder().decode(KeyringRequest.self, from: Data(bytes)) { checkRoundTrip(request) }
        if let reply = try? JSONDecoder().decode(KeyringReply.self, from: Data(bytes)) { checkRoundTrip(reply) }
    }

    static func readLines(_ bytes: [UInt8]) {
        let lines = MemoryFile.with(bytes) { file in
            var reader = LineReader(descriptor: file.descriptor)
            var lines: [[UInt8]] = []
            while let line = reader.next() { lines.append(line) }
            return lines
        }
        // What has no line break at its end is not whole.
        let expected = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        check(lines == expected.map(Array.init), "the lines are what stands between line breaks")
    }
}
