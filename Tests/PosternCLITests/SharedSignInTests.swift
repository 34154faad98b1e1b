import FoundationEssentials
import Glibc
import PosternProtocol
import Testing

@testable import postern

/// Several `postern token --login` at once, with one agent that knows one sign-in.
@Suite("token --login of several programs")
struct SharedSignInTests {
    /// How all of them have ended.
    struct Endings {
        var statuses: [CInt] = []
        var outputs: [String] = []
        var words: [String] = []
        var starts = 0
    }

    /// - Parameter isSignedIn: at first.
    private func run(_ count: Int, _ pinentry: ScriptedPinentry, _ arguments: [String] = []) throws -> Endings {
        let directory = try TemporaryDirectory()
        let listener = try ListeningSocket(path: directory.path + "/agent.sock")
        let environment = [
            "POSTERN_SOCKET": listener.path, "XDG_RUNTIME_DIR": directory.path, "WAYLAND_DISPLAY": "wayland-9",
            "PATH": "/usr/bin:/bin",
        ]
        var agent = SharedAgent(hello: pinentry.hello, listener: listener)
        // Nobody gets an answer before all of them have asked, so that all of them find no sign-in.
        agent.held = count
        let children = try (0..<count).map { _ in
            try Child(
                ["token", "work", "--login"] + arguments, environment: environment, terminal: nil, output: .read,
                isAttached: false)
        }
        defer { children.forEach { $0.end() } }
        let limit = ContinuousClock.now + .seconds(20)
        while !children.allSatisfy({ $0.status() != nil }) {
            agent.serve()
            try #require(ContinuousClock.now < limit)
        }
        var endings = Endings(starts: agent.starts)
        for child in children {
            endings.statuses.append(child.status() ?? -1)
            endings.outputs.append(Self.all(child.output))
            endings.words.append(Self.all(child.words))
        }
        return endings
    }

    private static func all(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    @Test("one prompt, one login.start, and a token for each")
    func one() throws {
        let pinentry = try ScriptedPinentry("123456", "999999")
        let endings = try run(8, pinentry)
        #expect(endings.statuses.allSatisfy { $0 == 0 }, "\(endings)")
        #expect(endings.outputs.allSatisfy { $0 == "eyJ.a-b_c\n" })
        #expect(endings.starts == 1 && pinentry.descriptions.count == 1)
        #expect(pinentry.descriptions.first?.contains("A program waits for a token.") == true)
        #expect(
            endings.words.contains {
                $0.contains("Waiting for the sign-in of profile work that is under way")
                    || $0.contains("another prompt")
            })
    }

    @Test(
        "cancelled once, or not answered, it is 77 for each, and nobody is asked again",
        arguments: [ScriptedPinentry.cancel, ScriptedPinentry.timeout])
    func declined(answer: String) throws {
        let pinentry = try ScriptedPinentry(answer, "123456")
        let endings = try run(8, pinentry)
        #expect(endings.statuses.allSatisfy { $0 == 77 }, "\(endings)")
        #expect(endings.outputs.allSatisfy { $0.isEmpty })
        #expect(endings.starts == 1 && pinentry.descriptions.count == 1)
    }

    @Test("where the first finds that none can be shown, the others do not have codes sent in vain")
    func unusable() throws {
        let pinentry = try ScriptedPinentry("ERR 83886340 No display", "123456")
        let endings = try run(8, pinentry)
        #expect(endings.statuses.allSatisfy { $0 == 77 }, "\(endings)")
        #expect(endings.starts == 1 && pinentry.descriptions.count == 1)
        #expect(endings.words.allSatisfy { $0.contains("No prompt could be shown") })
    }

    @Test("where the lock's file cannot be had, that is said, and nothing is sent", arguments: [true, false])
    func unlockable(isDirectory: Bool) throws {
        let directory = try TemporaryDirectory(files: [])
        if isDirectory {
            mkdir(directory.path + "/postern", 0o700)
            mkdir(directory.path + "/postern/prompt.lock", 0o700)
        }
        defer { rmdir(directory.path + "/postern/prompt.lock") }
        var session = Session(script: [.get(.refusal(1001, "Not signed in."))])
        session.environment = [
            "XDG_RUNTIME_DIR": isDirectory ? directory.path : directory.path + "/none", "DISPLAY": ":99",
        ]
        let ending = try session.run("token", "work", "--login")
        #expect(ending.status == 74 && ending.requests.count == 1)
        #expect(ending.words.contains("/postern/prompt.lock, by which prompts wait for each other, cannot be opened ("))
    }

    @Test("--wait bounds the wait for another's prompt")
    func bounded() throws {
        let pinentry = try ScriptedPinentry("EXIT")
        let directory = try TemporaryDirectory(files: [])
        mkdir(directory.path + "/postern", 0o700)
        let lock = open(directory.path + "/postern/prompt.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(lock) }
        #expect(flock(lock, LOCK_EX) == 0 && write(lock, "home", 4) == 4)
        var session = Session(script: [.get(.refusal(1001, "Not signed in."))])
        session.hello = pinentry.hello
        session.environment = ["XDG_RUNTIME_DIR": directory.path, "DISPLAY": ":99"]
        let ending = try session.run("token", "work", "--login", "--wait", "1")
        #expect(ending.status == 75)
        #expect(ending.words.contains("Waiting for the sign-in of profile home that is under way in another prompt."))
        #expect(ending.words.contains("was not over in 1 s"))
    }

    @Test("where a prompt's process died, its sign-in is taken over at once")
    func abandoned() throws {
        let pinentry = try ScriptedPinentry("123456")
        let directory = try TemporaryDirectory(files: [])
        mkdir(directory.path + "/postern", 0o700)
        let lock = open(directory.path + "/postern/prompt.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #expect(write(lock, "work", 4) == 4)
        close(lock)
        let none = Session.Reply.refusal(1001, "Not signed in.")
        var session = Session(script: [
            .get(none), .get(none), .start(.code()), .answer(.signedIn), .get(.result(TokenCommandTests.token)),
        ])
        session.hello = pinentry.hello
        session.environment = ["XDG_RUNTIME_DIR": directory.path, "DISPLAY": ":99"]
        let ending = try session.run("token", "work", "--login")
        #expect(ending.status == 0 && ending.output == "eyJ.a-b_c\n")
        // Neither before the wait for the lock nor after it.
        #expect(ending.params[0] == .object(["profile": .string("work")]))
        #expect(ending.params[1] == .object(["profile": .string("work")]))
    }

    @Test("where nobody can be asked it is 77 at once, and without --login nobody is asked")
    func nobody() throws {
        let none = Session.Reply.refusal(1001, "Not signed in.")
        let ending = try Session(script: [.get(none)]).run("token", "--login")
        #expect(ending.status == 77 && ending.requests.count == 1)
        var session = Session(script: [.get(none)])
        session.environment = ["DISPLAY": ":99"]
        #expect(try session.run("token").requests.count == 1)
    }

    @Test("on a terminal the dialogue is on stderr, and stdout has the token alone")
    func terminal() throws {
        let none = Session.Reply.refusal(1001, "Not signed in.")
        let session = Session(
            script: [
                .get(none), .get(none), .start(.code()), .answer(.signedIn),
                .get(.result(TokenCommandTests.token)),
            ], input: .terminal([("left): ", .type("123456\n"))]))
        let ending = try session.run("header", "work", "--login")
        #expect(ending.status == 0)
        #expect(ending.output == "Authorization: Bearer eyJ.a-b_c\n")
    }
}

/// An agent of one profile, to which any number of processes talk.
private struct SharedAgent {
    let hello: String
    let listener: ListeningSocket
    /// How many have to ask for a token before the first is answered.
    var held = 0
    var starts = 0
    private var isSignedIn = false
    private var waiting: [CInt] = []
    private var connections: [CInt: [UInt8]] = [:]

    init(hello: String, listener: ListeningSocket) {
        self.hello = hello
        self.listener = listener
    }

    mutating func serve() {
        var entries = ([listener.descriptor] + connections.keys).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        poll(&entries, nfds_t(entries.count), 20)
        for entry in entries where entry.revents != 0 {
            guard entry.fd != listener.descriptor else {
                connections[accept(entry.fd, nil, nil)] = []
                continue
            }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = read(entry.fd, &chunk, chunk.count)
            guard count > 0 else {
                close(entry.fd)
                connections[entry.fd] = nil
                continue
            }
            connections[entry.fd, default: []] += chunk.prefix(count)
            while let end = connections[entry.fd]?.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(connections[entry.fd]?.prefix(end) ?? [])
                connections[entry.fd]?.removeSubrange(...end)
                answer(line, entry.fd)
            }
        }
    }

    private mutating func answer(_ line: [UInt8], _ connection: CInt) {
        let request = try? JSONDecoder().decode(JSONValue.self, from: Data(line))
        guard case .object(let members)? = request, case .string(let method)? = members["method"] else { return }
        switch method {
        case "token.get":
            guard held == 0 else {
                waiting.append(connection)
                held -= 1
                if held == 0 { waiting.forEach { send(.refusal(1001, "Not signed in.", #","profile":"work""#), $0) } }
                return
            }
            send(isSignedIn ? .result(TokenCommandTests.token) : .refusal(1001, "Not signed in."), connection)
        case "profile.list": send(.result(#"{"profiles":[\#(PinentryLoginTests.profile())]}"#), connection)
        case "agent.hello":
            send(
                .result(#"{"name":"p","version":"1","protocol":{"min":1,"max":1},"pid":1,"started_at":1\#(hello)}"#),
                connection)
        case "login.start":
            starts += 1
            send(.code(), connection)
        case "login.answer":
            isSignedIn = true
            send(.signedIn, connection)
        default: send(.result("{}"), connection)
        }
    }

    private func send(_ reply: Session.Reply, _ connection: CInt) {
        let member =
            switch reply {
            case .result(let json): "\"result\":\(json)"
            case .error(let json): "\"error\":\(json)"
            default: "\"result\":null"
            }
        let bytes = Array("{\"jsonrpc\":\"2.0\",\"id\":1,\(member)}\n".utf8)
        Glibc.send(connection, bytes, bytes.count, CInt(MSG_NOSIGNAL))
    }
}
