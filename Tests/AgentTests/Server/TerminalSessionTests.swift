import CAgent
import Glibc
import Testing

@testable import Agent

@Suite("The terminal session of a caller")
struct TerminalSessionTests {
    private static func line(
        _ name: String = "cat", session: Int = 100, terminal: Int = 34816, start: String = "5000"
    ) -> String {
        let rest = (8...21).map(String.init).joined(separator: " ")
        return "4711 (\(name)) S 1 4711 \(session) \(terminal) \(rest) \(start) 1 2 3\n"
    }

    private static func status(_ session: Int, _ terminal: Int, _ start: Int) -> ProcessStatus? {
        ProcessStatus(Array(line(session: session, terminal: terminal, start: "\(start)").utf8))
    }

    @Test(
        "the name is the process's own choice: blanks, parentheses, line breaks and numbers in it do not matter",
        arguments: ["cat", "", "a b", ") S 1 1 1 1", "(((", ")))", "a) S 1 2 999 888 (b", "a\nb) 1 2 3", "\u{FF}"])
    func name(name: String) {
        let status = ProcessStatus(Array(Self.line(name).utf8))
        #expect(status?.session == 100)
        #expect(status?.terminal == 34816)
        #expect(status?.start == 5000)
    }

    @Test(
        "what is not well formed is nothing",
        arguments: [
            "", "4711 (cat", ")", "4711 (cat) S 1 2", line(start: "-1"), line(start: "99999999999999999999"),
            line(start: "x"), line(session: -1), "4711 (cat) S 1 4711 x 34816 " + String(repeating: "1 ", count: 30),
            line(session: 99_999_999_999),
        ])
    func malformed(line: String) {
        #expect(ProcessStatus(Array(line.utf8)) == nil)
    }

    @Test("it is named by its leader, the leader's start and the terminal")
    func session() {
        let processes: [pid_t: ProcessStatus?] = [
            4711: Self.status(100, 34816, 5000), 100: Self.status(100, 34816, 4000),
        ]
        let session = TerminalSession(of: 4711) { processes[$0] ?? nil }
        #expect(session?.leader == 100)
        #expect(session?.leaderStart == 4000)
        #expect(session?.terminal == 34816)
        let leader = TerminalSession(of: 100) { processes[$0] ?? nil }
        #expect(leader == session)
    }

    @Test("without a terminal, a leader that can be seen, or a process that can be seen, there is none")
    func none() {
        let table: [[pid_t: ProcessStatus?]] = [
            [:], [4711: Self.status(100, 0, 5000), 100: Self.status(100, 0, 4000)],
            [4711: Self.status(0, 34816, 5000)], [4711: Self.status(100, 34816, 5000)],
            // The leader has left its session, or has another terminal.
            [4711: Self.status(100, 34816, 5000), 100: Self.status(99, 34816, 4000)],
            [4711: Self.status(100, 34816, 5000), 100: Self.status(100, 34817, 4000)],
            // The leader's number was given to a process that began later.
            [4711: Self.status(100, 34816, 5000), 100: Self.status(100, 34816, 5001)],
        ]
        for processes in table {
            let session = TerminalSession(of: 4711) { processes[$0] ?? nil }
            #expect(session == nil)
        }
        let hidden = TerminalSession(of: 0) { _ in Self.status(100, 34816, 5000) }
        #expect(hidden == nil)
    }

    @Test("a process that became another while it was looked at has none", arguments: [(100, 5001), (101, 5000)])
    func reused(session: Int, start: Int) {
        var readings = 0
        let result = TerminalSession(of: 4711) { process in
            if process == 100 { return Self.status(100, 34816, 4000) }
            readings += 1
            return readings == 1 ? Self.status(100, 34816, 5000) : Self.status(session, 34816, start)
        }
        #expect(result == nil)
    }

    @Test("a process that began after the connection is another one with its number")
    func younger() {
        let processes: [pid_t: ProcessStatus?] = [
            4711: Self.status(100, 34816, 5000), 100: Self.status(100, 34816, 4000),
        ]
        for (latest, isMeant) in [(4999, false), (5000, true), (5001, true)] as [(UInt64, Bool)] {
            let session = TerminalSession(of: 4711, startedBy: latest) { processes[$0] ?? nil }
            #expect((session != nil) == isMeant)
        }
        let own = ProcessStatus(of: getpid())
        #expect(own.map { $0.start <= postern_ticks() } == true)
    }

    @Test("a process that cannot be seen, or a peer that the kernel does not name, has none")
    func unseen() throws {
        var ends: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(TerminalSession(ofPeer: 0, at: ends[0], accepted: .max) == nil)
        #expect(TerminalSession(ofPeer: getpid(), at: -1, accepted: .max) == nil)
    }

    @Test("the kernel tells of this process what it tells itself")
    func own() {
        let status = ProcessStatus(of: getpid())
        #expect(status?.session == getsid(0))
        #expect(ProcessStatus(of: 0) == nil)
        #expect(ProcessStatus(of: -1) == nil)
    }
}
