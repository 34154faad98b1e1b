import Glibc
import PosternProtocol
import Testing

@testable import postern

@Suite("token and header")
struct TokenCommandTests {
    static let token = """
        {"access_token":"eyJ.a-b_c","token_type":"Bearer","expires_at":2000000000,"expires_in":60,"scope":"openid",\
        "profile":"work","from":"cache"}
        """

    private func session(_ reply: Session.Reply = .result(token)) -> Session {
        Session(script: [.init(method: "token.get", reply: reply)])
    }

    @Test("prints the token and a newline, and nothing on stderr")
    func token() throws {
        let ending = try session().run("token")
        #expect(ending.status == 0)
        #expect(ending.output == "eyJ.a-b_c\n")
        #expect(ending.words.isEmpty)
        #expect(ending.params == [.object([:])])
    }

    @Test("hands every option on to the agent")
    func options() throws {
        let ending = try session().run(
            "token", "work", "--audience", "https://api", "--scope", "a b", "--min-ttl", "300", "--wait", "5", "--login"
        )
        #expect(ending.status == 0)
        #expect(
            ending.params == [
                .object([
                    "profile": .string("work"), "audience": .string("https://api"), "scope": .string("a b"),
                    "min_ttl": .integer(300), "wait": .integer(5), "join_login": .bool(true),
                ])
            ])
    }

    @Test("prints the header that curl reads")
    func header() throws {
        #expect(try session().run("header").output == "Authorization: Bearer eyJ.a-b_c\n")
    }

    @Test("names a refused token from stdin by its hash alone, with or without a newline", arguments: ["abc", "abc\n"])
    func rejected(input: String) throws {
        var session = session()
        session.input = .text(input)
        let ending = try session.run("token", "--rejected", "-")
        #expect(ending.status == 0)
        // FIPS 180-2, appendix B.1.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(ending.params == [.object(["rejected": .string(digest)])])
    }

    @Test("a refused token on the command line is wrong usage, and so is nothing on stdin bad data")
    func rejectedMisuse() throws {
        #expect(try Session().run("token", "--rejected", "eyJ").status == 64)
        #expect(try Session().run("token", "--rejected", "-").status == 65)
    }

    @Test("a token that would forge a header is not printed")
    func forgedHeader() throws {
        let forged = Self.token.replacing("eyJ.a-b_c", with: #"a\nX-Admin: yes"#)
        let ending = try session(.result(forged)).run("header")
        #expect(ending.status == 76)
        #expect(ending.output.isEmpty)
    }

    @Test("--json prints the agent's answer as it came, members unknown to this version included")
    func json() throws {
        let result = #"{ "access_token":"x", "new":[1.0, {"deep":"a\"b,}"}] ,"from":"moon"}"#
        let ending = try session(.result(result)).run("token", "--json")
        #expect(ending.status == 0)
        #expect(ending.output == result + "\n")
    }

    @Test("a very long answer arrives whole")
    func longAnswer() throws {
        let long = String(repeating: "a", count: 1_000_000)
        let ending = try session(.result(Self.token.replacing("eyJ.a-b_c", with: long))).run("token")
        #expect(ending.output == long + "\n")
    }

    @Test("a full disk and a reader that has gone are failures", arguments: [0, 1, 2])
    func unwritten(way: Int) throws {
        var session = session()
        session.output = [.file("/dev/full"), .closedReader, .closed][way]
        let ending = try session.run("token")
        #expect(ending.status == 74)
        #expect(ending.words.contains("could not be written"))
    }

    @Test("help that cannot be written is a failure too")
    func unwrittenHelp() throws {
        var session = Session()
        session.output = .file("/dev/full")
        #expect(try session.run("--help").status == 74)
        #expect(try session.run("--version").status == 74)
    }
}
