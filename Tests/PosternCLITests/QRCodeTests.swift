import FoundationEssentials
import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("QR codes")
struct QRCodeTests {
    private static let uri = "otpauth://totp/acme:ada?secret=JBSWY3DPEHPK3PXP"
    private static let key = #","secret":"JBSWY3DPEHPK3PXP","uri":"\#(uri)""#

    private func session(_ confirm: Session.Reply = .enrollConfirm("otp", key), path: String) -> Session {
        Session(
            script: [.start(confirm), .answer(.signedIn)], input: .terminal([("app: ", .type("111111\n"))]),
            environment: ["PATH": path])
    }

    @Test("a terminal shows what qrencode draws, white on black and unharmed")
    func drawn() throws {
        let qrencode = try FakeQREncode()
        let ending = try session(path: qrencode.path).run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("\u{1B}[40;37;1m█▀▄ █\u{1B}[0m\r\n\u{1B}[40;37;1m▄ ▀██\u{1B}[0m\r\n"))
        #expect(ending.words.contains("  JBSW Y3DP EHPK 3PXP\r\n"))
    }

    @Test("qrencode is given the text on stdin, and its arguments and environment hold nothing of it")
    func secrecy() throws {
        let qrencode = try FakeQREncode()
        _ = try session(path: qrencode.path).run("login")
        #expect(qrencode.text == Self.uri)
        #expect(qrencode.arguments == "-t\nUTF8\n")
        #expect(qrencode.environment.map { $0.contains("JBSW") || $0.contains("POSTERN") } == false)
    }

    @Test("a push app's code is drawn as well")
    func push() throws {
        let qrencode = try FakeQREncode()
        var session = session(path: qrencode.path)
        session.script = [.start(.enrollConfirm("push-notification", Self.key)), .wait(.signedIn)]
        #expect(try session.run("login").words.contains("█▀▄ █"))
        #expect(qrencode.text == Self.uri)
    }

    @Test("without colour the blocks are drawn all the same")
    func colourless() throws {
        let qrencode = try FakeQREncode()
        var session = session(path: qrencode.path)
        session.environment["NO_COLOR"] = "1"
        #expect(try session.run("login").words.contains("\r\n█▀▄ █\r\n▄ ▀██\r\n"))
    }

    @Test("without qrencode, or with one that fails, the key is there in words")
    func missing() throws {
        let empty = try TemporaryDirectory()
        let failing = try FakeQREncode(status: 1)
        for path in [empty.path, failing.path] {
            let ending = try session(path: path).run("login")
            #expect(ending.status == 0)
            #expect(ending.words.contains("Type this key into your authenticator app:"))
            #expect(ending.words.contains("if qrencode is installed"))
            #expect(ending.words.contains("JBSW Y3DP EHPK 3PXP"))
            #expect(!ending.words.contains("█"))
        }
    }

    @Test("where no terminal can show it, qrencode is not run", arguments: ["dumb", "pipe"])
    func unshown(place: String) throws {
        let qrencode = try FakeQREncode()
        var session = session(path: qrencode.path)
        if place == "dumb" { session.environment["TERM"] = "dumb" } else { session.input = .text("111111\n") }
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("JBSW Y3DP EHPK 3PXP"))
        #expect(qrencode.arguments == nil)
    }

    @Test("a code that would wrap is not drawn")
    func narrow() throws {
        let qrencode = try FakeQREncode()
        var session = session(path: qrencode.path)
        session.columns = 4
        let ending = try session.run("login")
        #expect(ending.status == 0)
        #expect(ending.words.contains("A terminal that is wide enough shows a QR code here"))
        #expect(!ending.words.contains("█"))
        session.columns = 5
        #expect(try session.run("login").words.contains("█"))
    }

    @Test("the real qrencode draws a square of blocks")
    func real() throws {
        let code = try #require(QRCode(Self.uri))
        #expect(code.lines.allSatisfy { $0.count == code.width })
        // Two modules to a character, with a margin of four all round.
        #expect(code.lines.count == (code.width + 1) / 2)
        #expect(QRCode(String(repeating: "a", count: 3000)) == nil)
    }
}

/// A `qrencode` that draws always the same and notes what it was given.
final class FakeQREncode {
    private let directory: TemporaryDirectory

    init(status: CInt = 0) throws {
        directory = try TemporaryDirectory(files: ["qrencode", "arguments", "text", "environment"])
        let script = """
            #!/bin/sh
            printf '%s\\n' "$@" >'\(path)/arguments'
            env >'\(path)/environment'
            cat >'\(path)/text'
            printf '█▀▄ █\\n▄ ▀██\\n'
            exit \(status)
            """
        try Self.install(script, path + "/qrencode")
    }

    /// Has another process write it: a program that this one had open for writing could be inherited so by a command
    /// that another test starts meanwhile, and then not be executed (ETXTBSY of execve(2)).
    private static func install(_ script: String, _ path: String) throws {
        let write = #"printf '%s\n' "$1" >"$2" && chmod 700 "$2""#
        let arguments: [String] = ["sh", "-c", write, "sh", script, path]
        var argv = arguments.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        var status: CInt = -1
        guard posix_spawn(&pid, "/bin/sh", nil, nil, &argv, &environment) == 0, waitpid(pid, &status, 0) == pid,
            status == 0
        else { throw CannotProvide(what: path) }
    }

    /// What `PATH` has to be for it to be found.
    var path: String { directory.path }

    var arguments: String? { contents("arguments") }
    var text: String? { contents("text") }
    var environment: String? { contents("environment") }

    private func contents(_ name: String) -> String? {
        try? String(contentsOf: URL(filePath: path + "/" + name), encoding: .utf8)
    }
}
