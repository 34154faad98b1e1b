import CCrash
import CLinux
import Glibc
import KeyringProtocol

import struct Foundation.Data
import class Foundation.JSONDecoder
import class Foundation.JSONEncoder

/// The child process that speaks to the keyring for the daemon.
///
/// libsecret can block for ever (a provider that dies while it is asked, a prompt nobody answers) and cannot be
/// interrupted; in a process of its own it is bounded by a deadline and a SIGKILL.
package enum KeyringWorker {
    /// Answers requests from `socket`, one JSON object a line, until the other end closes it.
    package static func run(socket: Int32) -> Never {
        // Secrets pass through.
        guard postern_hide_memory() == 0, postern_report_crashes("posternd keyring-worker") == 0 else {
            exit(EXIT_FAILURE)
        }
        exitOnHangUp(of: socket)

        var provider = Provider()
        var lines = LineReader(descriptor: socket)
        while var line = lines.next() {
            let reply = answer(&line, by: &provider)
            guard send(reply, to: socket) else { break }
        }
        exit(0)
    }

    /// Ends the process as soon as the daemon is gone, even while libsecret does not return.
    private static func exitOnHangUp(of socket: Int32) {
        var thread = pthread_t()
        let context = UnsafeMutableRawPointer(bitPattern: Int(socket) + 1)
        let failure = pthread_create(
            &thread, nil,
            { context in
                // poll(2) reports a hang-up whether it was asked for or not, and a request waiting to be read is not
                // asked for.
                var watched = pollfd(fd: Int32(Int(bitPattern: context) - 1), events: 0, revents: 0)
                while poll(&watched, 1, -1) < 0 && errno == EINTR {}
                _exit(0)
            }, context)
        guard failure == 0 else { exit(EXIT_FAILURE) }
    }

    private static func answer(_ line: inout [UInt8], by provider: inout Provider) -> KeyringReply {
        defer { line.wipe() }
        do {
            return provider.answer(try JSONDecoder().decode(KeyringRequest.self, from: Data(line)))
        } catch {
            return .failed(message: "the keyring worker was sent something that is not a request", lostBus: false)
        }
    }

    private static func send(_ reply: KeyringReply, to socket: Int32) -> Bool {
        // Encoding cannot fail: every case holds nothing but strings and a flag.
        guard let encoded = try? JSONEncoder().encode(reply) else { return false }
        var line = Array(encoded) + [UInt8(ascii: "\n")]
        defer { line.wipe() }
        return line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(socket, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}
