import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("the connection to the agent")
struct ConnectionTests {
    @Test("nothing there is 69, with how to start it")
    func notRunning() throws {
        let ending = try Session(prepare: { unlink($0) }).run("token")
        #expect(ending.status == 69)
        #expect(ending.words.contains("systemctl --user start posternd.socket"))
        #expect(ending.words.contains("run posternd by hand"))
        #expect(ending.output.isEmpty)
    }

    @Test("a socket file that nobody listens on is 69 too")
    func refused() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/agent.sock"
        do { _ = try ListeningSocket(path: path) }
        let ending = try Session().run("token", "--socket", path)
        #expect(ending.status == 69)
        #expect(ending.words.contains("not running"))
    }

    @Test("another user's socket is sent nothing", .enabled(if: getuid() == 0, "only root can give a file away"))
    func notOurs() throws {
        let ending = try Session(prepare: { chown($0, 65534, 65534) }).run("token")
        #expect(ending.status == 69)
        #expect(ending.words.contains("belongs to another user (uid 65534)"))
        #expect(ending.requests.isEmpty)
    }

    @Test("a path that no socket address holds is named as such")
    func longPath() throws {
        let ending = try Session().run("token", "--socket", "/tmp/" + String(repeating: "x", count: 103))
        #expect(ending.status == 69)
        #expect(ending.words.contains("longer than the 107 bytes"))
    }

    @Test("without a runtime directory the agent cannot be found")
    func noRuntimeDirectory() throws {
        let ending = try Session(environment: ["POSTERN_SOCKET": ""]).run("token")
        #expect(ending.status == 69)
        #expect(ending.words.contains("XDG_RUNTIME_DIR"))
    }

    @Test("an agent that goes away in the middle is 69")
    func hangUp() throws {
        let session = Session(script: [.init(method: "token.get", reply: .hangUp)])
        let ending = try session.run("token")
        #expect(ending.status == 69)
        #expect(ending.words.contains("without an answer"))
    }

    @Test("an answer that is not understood is 70")
    func nonsense() throws {
        let session = Session(script: [.init(method: "token.get", reply: .result(#"{"tokens":1}"#))])
        #expect(try session.run("token").status == 70)
    }

    @Test(
        "every error has its exit status, its sentence on stderr and nothing on stdout",
        arguments: [
            (-32602, 64), (-32603, 70), (1001, 77), (1002, 66), (1003, 77), (1004, 75), (1005, 74), (1006, 75),
            (1007, 75),
            (1008, 65), (1009, 65), (1010, 65), (1011, 77), (1012, 65), (1013, 65), (1014, 77), (1015, 78), (1016, 75),
            (1017, 65), (1018, 77), (1019, 75), (1020, 76), (1021, 76), (1099, 70),
        ] as [(Int, CInt)])
    func statuses(code: Int, status: CInt) throws {
        let error = #"{"code":\#(code),"message":"So it is.","data":{"reason":"x","retryable":false,"new":[1]}}"#
        let session = Session(script: [.init(method: "token.get", reply: .error(error))])
        let ending = try session.run("token")
        #expect(ending.status == status)
        #expect(ending.words.hasPrefix("postern: So it is.\n"))
        #expect(ending.output.isEmpty)

        let json = try session.run("token", "--json")
        #expect(json.status == status)
        #expect(json.words == error + "\n")
        #expect(json.output.isEmpty)
    }

    @Test("a tenant's control characters reach no terminal")
    func controlCharacters() throws {
        let data = #"{"reason":"denied","retryable":false,"error_description":"a\nb"}"#
        let error = #"{"code":1014,"message":"No\u001b[2J\u009b1m\u202e!","data":\#(data)}"#
        let ending = try Session(script: [.init(method: "token.get", reply: .error(error))]).run("token")
        #expect(ending.words == "postern: No[2J1m!\n  The tenant says: a b\n")
    }

    @Test("the profile: positional over the option's default, the environment last, two different ones refused")
    func profile() throws {
        let session = Session(
            script: [.init(method: "token.get", reply: .result(TokenCommandTests.token))],
            environment: ["POSTERN_PROFILE": "env"])
        #expect(try session.run("token").params == [.object(["profile": .string("env")])])
        #expect(try session.run("token", "--profile", "a").params == [.object(["profile": .string("a")])])
        #expect(try session.run("token", "b").params == [.object(["profile": .string("b")])])
        #expect(try session.run("token", "b", "--profile", "b").status == 0)
        let both = try session.run("token", "a", "--profile", "b")
        #expect(both.status == 64)
        #expect(both.requests.isEmpty)
    }

    @Test("wrong usage is 64 on stderr", arguments: [["token", "--nonsense"], ["nonsense"], ["profile", "add"]])
    func usage(arguments: [String]) throws {
        let ending = try Session().run(arguments)
        #expect(ending.status == 64)
        #expect(ending.output.isEmpty)
        #expect(!ending.words.isEmpty)
    }
}
