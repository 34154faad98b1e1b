import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

/// Twenty scripts that find nobody signed in, with the real programs and a pinentry that a test plays the person at.
@Suite("One sign-in for many programs")
struct SharedSignInTests {
    private static let count = 20

    /// A pinentry whose answers a test gives: each dialog adds a line to `dialogs` and then waits for a line of `answers`.
    private struct Person {
        let program: String
        private let directory: URL

        init(at desktop: PrivateDesktop) throws {
            directory = desktop.home.appending(path: "pinentry")
            program = directory.appending(path: "pinentry").path
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
            guard mkfifo(directory.path + "/answers", 0o600) == 0 else { throw POSIXError(.EIO) }
            // Written by a process of its own: while another test starts a program, a file that is open here cannot be run.
            guard let writer = popen("cat > \(program) && chmod 700 \(program)", "w") else { throw POSIXError(.EIO) }
            fputs(
                """
                #!/bin/sh
                cd \(directory.path)
                echo OK
                while IFS= read -r line; do
                    case $line in
                    GETPIN|CONFIRM*)
                        echo $$ >> dialogs
                        mkdir dialog || echo >> together
                        IFS= read -r answer < answers
                        rmdir dialog
                        case $answer in
                        DIE) kill -9 $PPID; exit 1 ;;
                        ERR*) echo "$answer" ;;
                        *) printf 'D %s\\nOK\\n' "$answer" ;;
                        esac ;;
                    BYE) echo OK; exit 0 ;;
                    *) echo OK ;;
                    esac
                done
                """, writer)
            guard pclose(writer) == 0 else { throw POSIXError(.EIO) }
        }

        /// How many dialogs there have been.
        var dialogs: Int {
            let text = try? String(contentsOf: directory.appending(path: "dialogs"), encoding: .utf8)
            return text?.split(separator: "\n").count ?? 0
        }

        /// Whether there were two dialogs at a time.
        var wereTogether: Bool { access(directory.appending(path: "together").path, F_OK) == 0 }

        /// Answers the dialog that is there, or the next one.
        func answer(_ text: String) async throws {
            let path = directory.appending(path: "answers").path
            // The dialog's program opens the other end when it is there.
            _ = try await ChildProcess.run(
                "sh", ["-c", "cat > \"$0\"", path], environment: ["PATH": "/usr/bin:/bin"], input: text + "\n")
        }
    }

    /// Runs all the scripts at once, and `play` beside them.
    private func run(
        _ agent: RunningAgent, _ person: Person, profiles: [String] = ["work"], count: Int = count,
        _ play: @escaping @Sendable (Person) async throws -> Void
    ) async throws -> [ChildProcess.Result] {
        let environment = agent.environment.merging(["WAYLAND_DISPLAY": "wayland-9"]) { $1 }
        let scripts = try (0..<count).map { number in
            try ChildProcess(
                RunningAgent.command, ["token", profiles[number % profiles.count], "--login"], environment: environment)
        }
        do {
            try await withDeadline(.seconds(60)) { try await play(person) }
            let results = try await withDeadline(.seconds(60)) {
                var results: [ChildProcess.Result] = []
                for script in scripts { results.append(await script.result()) }
                return results
            }
            return results
        } catch {
            for script in scripts { await script.end() }
            throw error
        }
    }

    private func withPerson(
        _ more: String = "", _ body: @escaping @Sendable (RunningAgent, Person) async throws -> Void
    ) async throws {
        try await withRunningAgent(starting: false) { agent in
            let person = try Person(at: agent.desktop)
            try agent.configure("[agent]\npinentry = \(person.program)\n" + (await agent.profile()) + more)
            try await agent.start()
            try await body(agent, person)
        }
    }

    @Test("one prompt, one message, one sign-in, and a token for each")
    func one() async throws {
        try await withPerson { agent, person in
            let results = try await run(agent, person) { person in
                try await person.answer(try await agent.tenant.nextCode(for: RunningAgent.person))
            }
            #expect(results.allSatisfy { $0.exit == .status(0) }, "\(results.map(\.error))")
            #expect(Set(results.map(\.output)) == [try await agent.token() + "\n"])
            #expect(person.dialogs == 1)
            #expect(await agent.tenant.messages.count == 1)
            #expect(await agent.tenant.requests(to: .token).count == 1)
        }
    }

    @Test(
        "a person's no, or no answer at all, is one for all of them",
        arguments: ["ERR 83886179 cancelled <x>", "ERR 83886142 Timeout <x>"])
    func declined(answer: String) async throws {
        try await withPerson { agent, person in
            let results = try await run(agent, person) { person in try await person.answer(answer) }
            #expect(results.allSatisfy { $0.exit == .status(77) && $0.output.isEmpty }, "\(results)")
            #expect(person.dialogs == 1)
            #expect(await agent.tenant.messages.count == 1)
            #expect(await agent.tenant.requests(to: .token).isEmpty)
        }
    }

    @Test("in the background of a terminal without a display nobody is asked, and nobody waits for it")
    func background() async throws {
        try await withRunningAgent { agent in
            let job = "set -m; \"$0\" token work --login & wait $!; exit $?"
            let result = try await withDeadline {
                try await withChildProcess(
                    "bash", ["-c", job, RunningAgent.command], environment: agent.environment, isOnTerminal: true
                ) { await $0.result() }
            }
            #expect(result.exit == .status(77) && result.output.isEmpty)
            #expect(await agent.tenant.messages.isEmpty)
        }
    }

    @Test("where no dialog can be shown, one message is sent in vain, not twenty")
    func unusable() async throws {
        try await withPerson { agent, person in
            let results = try await run(agent, person) { person in
                try await person.answer("ERR 83886340 No display <x>")
            }
            #expect(results.allSatisfy { $0.exit == .status(77) && $0.output.isEmpty }, "\(results)")
            #expect(person.dialogs == 1)
            #expect(await agent.tenant.messages.count == 1)
        }
    }

    @Test("where the one that asks is killed, another leads its sign-in on")
    func killed() async throws {
        try await withPerson { agent, person in
            let results = try await run(agent, person) { person in
                let code = try await agent.tenant.nextCode(for: RunningAgent.person)
                try await person.answer("DIE")
                try await person.answer(code)
            }
            #expect(results.count { $0.exit == .signal(SIGKILL) } == 1)
            #expect(results.count { $0.exit == .status(0) } == Self.count - 1, "\(results.map(\.error))")
            #expect(person.dialogs == 2)
            #expect(await agent.tenant.messages.count == 1)
        }
    }

    @Test("where the only one that asks is killed, the next leads its sign-in on")
    func killedAlone() async throws {
        try await withPerson { agent, person in
            let killed = try await run(agent, person, count: 1) { person in try await person.answer("DIE") }
            #expect(killed.map(\.exit) == [.signal(SIGKILL)])
            let results = try await run(agent, person, count: 2) { person in
                try await person.answer(try await agent.tenant.nextCode(for: RunningAgent.person))
            }
            #expect(results.allSatisfy { $0.exit == .status(0) }, "\(results.map(\.error))")
            #expect(person.dialogs == 2)
            #expect(await agent.tenant.messages.count == 1)
        }
    }

    @Test("the prompts of two profiles come one after the other")
    func twoProfiles() async throws {
        try await withRunningAgent(starting: false) { agent in
            let person = try Person(at: agent.desktop)
            let home = await agent.profile("home", ["username": "grace@example.com"])
            try agent.configure("[agent]\npinentry = \(person.program)\n" + (await agent.profile()) + home)
            try await agent.start()
            let results = try await run(agent, person, profiles: ["work", "home"]) { person in
                try await agent.tenant.requestAnswered(at: .start)
                let first = try #require(await agent.tenant.messages.first)
                try await person.answer(first.code)
                let second = first.to == RunningAgent.person ? "grace@example.com" : RunningAgent.person
                let code = try await agent.tenant.nextCode(for: second)
                try await person.answer(code)
            }
            #expect(results.allSatisfy { $0.exit == .status(0) }, "\(results.map(\.error))")
            #expect(Set(results.map(\.output)).count == 2)
            #expect(person.dialogs == 2 && !person.wereTogether)
            #expect(await agent.tenant.messages.count == 2)
        }
    }
}
