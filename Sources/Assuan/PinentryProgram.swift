import Glibc

/// Which program asks where there is no terminal.
package enum PinentryProgram {
    /// The program that Postern's configuration names, else the one that gpg-agent's does, else the one in `PATH`; nil if there is none.
    ///
    /// - Parameters:
    ///   - configured: a path, or a name in `PATH`.
    ///   - variable: the value of an environment variable.
    package static func find(configured: String?, _ variable: (String) -> String?) -> String? {
        if let configured { return configured }
        let home = variable("GNUPGHOME") ?? variable("HOME").map { $0 + "/.gnupg" }
        if let home, let text = contents(home + "/gpg-agent.conf"), let program = named(in: text) { return program }
        let isThere = (variable("PATH") ?? "").split(separator: ":").contains { access("\($0)/pinentry", X_OK) == 0 }
        return isThere ? "pinentry" : nil
    }

    /// What gpg-agent's configuration names; of several lines the last one counts.
    static func named(in text: String) -> String? {
        let values = text.split(whereSeparator: \.isNewline).compactMap { line -> String? in
            let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            guard words.count == 2, ["pinentry-program", "--pinentry-program"].contains(words[0]) else { return nil }
            var value = words[1][...]
            while value.last?.isWhitespace == true { value.removeLast() }
            if value.count > 1, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
            return value.isEmpty ? nil : String(value)
        }
        return values.last
    }

    private static func contents(_ path: String) -> String? {
        // A FIFO is not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var file = stat()
        guard fstat(descriptor, &file) == 0, file.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
