import Glibc

/// A program that pretends to be a pinentry: a script in a directory of its own, which goes with this.
final class FakePinentry {
    let path: String
    private let directory: String

    struct CannotProvide: Error {}

    /// - Parameter script: for /bin/sh; `$log` is a file to write to.
    init(_ script: String) throws {
        // Each wait for a program that has gone is told by write(2).
        signal(SIGPIPE, SIG_IGN)
        var template = Array("/tmp/postern-assuan-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CannotProvide() }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = directory + "/pinentry"
        // Written by a process of its own: while another test starts a program, a file that is open here cannot be run.
        guard let writer = popen("cat > \(path) && chmod 700 \(path)", "w") else { throw CannotProvide() }
        fputs("#!/bin/sh\nlog=\(directory)/log\n\(script)\n", writer)
        guard pclose(writer) == 0 else { throw CannotProvide() }
    }

    deinit {
        unlink(path)
        unlink(directory + "/log")
        rmdir(directory)
    }

    /// What the script has written to `$log`.
    var log: String {
        guard let file = fopen(directory + "/log", "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// One that takes every command down, and answers OK but where a case of sh's says something else.
    static func answering(_ cases: String) throws -> FakePinentry {
        try FakePinentry(
            """
            echo "OK Pleased to meet you"
            while IFS= read -r line; do
                printf '%s\\n' "$line" >> "$log"
                case $line in
                \(cases)
                BYE) echo "OK closing"; exit 0 ;;
                *) echo OK ;;
                esac
            done
            """)
    }
}
