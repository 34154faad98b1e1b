import Glibc
import Testing

@testable import Assuan

@Suite("A pinentry")
struct PinentryTests {
    private func ask(_ fake: FakePinentry, _ question: Pinentry.Question = .pin) throws -> String {
        let pinentry = try Pinentry(fake.path, Pinentry.Options())
        return String(decoding: try pinentry.ask(question, limit: .seconds(300)), as: UTF8.self)
    }

    @Test("is told where it is and what to show, and what was typed comes back")
    func asks() throws {
        let fake = try FakePinentry.answering(#"GETPIN) printf 'S X\n# y\nD 12%%25\nD 34\nOK\n' ;;"#)
        var options = Pinentry.Options()
        options.ttyName = "/dev/pts/9"
        options.ttyType = "xterm"
        options.ctype = "de_DE.UTF-8"
        options.messages = "C"
        let pinentry = try Pinentry(fake.path, options)
        try pinentry.set(.description, "a%\nb")
        #expect(try pinentry.ask(.pin, limit: .seconds(42)) == Array("12%34".utf8))
        pinentry.end()
        #expect(
            fake.log == """
                OPTION no-grab
                OPTION ttyname=/dev/pts/9
                OPTION ttytype=xterm
                OPTION lc-ctype=de_DE.UTF-8
                OPTION lc-messages=C
                SETDESC a%25%0Ab
                SETTIMEOUT 42
                GETPIN
                BYE

                """)
    }

    @Test("that knows no option is used all the same")
    func unknownOptions() throws {
        let fake = try FakePinentry.answering(#"OPTION*) echo "ERR 83886254 Unknown option <Pinentry>" ;;"#)
        #expect(try ask(fake) == "")
    }

    @Test(
        "that does not know a command is used all the same where it can do without",
        arguments: [
            ("SETTITLE", nil), ("SETOK", nil), ("SETCANCEL", nil), ("SETNOTOK", nil), ("SETTIMEOUT", nil),
            ("SETDESC", .refused("Unknown IPC command <Pinentry>")),
            ("SETPROMPT", .refused("Unknown IPC command <Pinentry>")),
            ("SETERROR", .refused("Unknown IPC command <Pinentry>")),
        ] as [(String, PinentryError?)])
    func unknownCommands(command: String, error: PinentryError?) throws {
        let fake = try FakePinentry.answering(
            #"\#(command)*) echo "ERR 83886355 Unknown IPC command <Pinentry>" ;; GETPIN) printf 'D 1\nOK\n' ;;"#)
        let pinentry = try Pinentry(fake.path, Pinentry.Options())
        var met: PinentryError?
        do {
            for part in [.title, .description, .prompt, .error, .ok, .cancel, .notOK] as [Pinentry.Part] {
                try pinentry.set(part, "x")
            }
            #expect(try pinentry.ask(.pin, limit: .seconds(300)) == Array("1".utf8))
        } catch let error as PinentryError {
            met = error
        }
        #expect(met == error)
    }

    @Test(
        "says why there is no answer",
        arguments: [
            ("ERR 83886179 Operation cancelled <Pinentry>", .cancelled), ("ERR 83886278 fully <x>", .cancelled),
            ("ERR 83886194 Not confirmed", .cancelled), ("ERR 83886142 Timeout", .timedOut),
            ("ERR 83918929 No such file or directory <Pinentry>", .refused("No such file or directory <Pinentry>")),
            ("ERR 83918929", .refused("error 32849")), ("Hello", .broken("it does not speak Assuan")),
        ] as [(String, PinentryError)])
    func errors(reply: String, error: PinentryError) throws {
        let fake = try FakePinentry.answering("GETPIN|CONFIRM) echo 'D 123'; echo '\(reply)' ;;")
        #expect(throws: error) { try ask(fake) }
        #expect(throws: error) { try ask(fake, .confirm) }
    }

    @Test("asks back and is told that nothing is known")
    func inquiry() throws {
        let fake = try FakePinentry.answering(
            #"GETPIN) echo "INQUIRE QUALITY x"; read -r line; echo "$line" >> "$log"; echo "D 1"; echo OK ;;"#)
        #expect(try ask(fake) == "1")
        #expect(fake.log.contains("\nCAN\n"))
    }

    @Test(
        "that is none, or ends at any moment, is an error in words",
        arguments: [
            "exit 0", "echo Hello; read -r x", "echo OK; exit 0", "echo OK; read -r x; exit 0",
            "echo OK; while read -r x; do case $x in GETPIN) exit 0 ;; *) echo OK ;; esac; done",
            "echo OK; while read -r x; do case $x in GETPIN) printf 'D 12'; exit 0 ;; *) echo OK ;; esac; done",
            "echo OK; while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx || exit; done",
            "echo OK; while :; do printf 'D xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\n' || exit; done",
            "printf 'OK\\0'", "exec cat /bin/sh",
        ])
    func broken(script: String) throws {
        let fake = try FakePinentry(script)
        let error = #expect(throws: PinentryError.self) { try ask(fake) }
        guard case .broken? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("may answer byte by byte")
    func slow() throws {
        let fake = try FakePinentry.answering(
            #"GETPIN) for x in D ' ' 1 2 3 '\n' O K '\n'; do printf "$x"; /bin/true; done ;;"#)
        #expect(try ask(fake) == "123")
    }

    @Test("that cannot be started is said with the system's words")
    func unstartable() {
        for program in ["/nonexistent/pinentry", "postern-no-such-pinentry", "/etc/passwd", "/"] {
            let error = #expect(throws: PinentryError.self) { try Pinentry(program, Pinentry.Options()) }
            guard case .unstartable(program, let words)? = error else {
                Issue.record("\(program): \(String(describing: error))")
                continue
            }
            #expect(!words.isEmpty)
        }
    }

    @Test(
        "has its dialog taken away, whether or not it minds SIGTERM, and leaves nothing behind",
        arguments: ["", "trap '' TERM;"])
    func takenAway(trap: String) throws {
        let fake = try FakePinentry.answering(
            "CONFIRM) \(trap) echo $$ > \"$log\"; sleep 1000 ;;")
        let pinentry = try Pinentry(fake.path, Pinentry.Options())
        try pinentry.begin(.confirm, limit: .seconds(300))
        #expect(try pinentry.answer(within: .zero) == nil)
        while pid_t(fake.log.dropLast()) == nil { #expect(try pinentry.answer(within: .milliseconds(20)) == nil) }
        let pid = try #require(pid_t(fake.log.dropLast()))
        #expect(kill(pid, 0) == 0)
        let begin = ContinuousClock.now
        pinentry.end()
        #expect(kill(pid, 0) != 0 && errno == ESRCH)
        #expect(ContinuousClock.now - begin < .seconds(5))
        #expect(throws: PinentryError.self) { try pinentry.set(.title, "x") }
    }

    @Test("has answered a dialog that nobody waited for")
    func answered() throws {
        let fake = try FakePinentry.answering("")
        let pinentry = try Pinentry(fake.path, Pinentry.Options())
        try pinentry.begin(.confirm, limit: .seconds(300))
        #expect(try pinentry.answer(within: .seconds(10)) == [])
        // The same program shows the next one.
        #expect(try pinentry.ask(.message, limit: .seconds(300)) == [])
        #expect(fake.log.hasSuffix("CONFIRM --one-button\n"))
    }

    @Test("that is silent is given up, at its question after its own time")
    func silent() throws {
        let fake = try FakePinentry.answering("GETPIN) sleep 1000 ;;")
        let pinentry = try Pinentry(fake.path, Pinentry.Options(), patience: .milliseconds(300))
        #expect(throws: PinentryError.timedOut) { try pinentry.ask(.pin, limit: .seconds(1)) }
        for script in ["sleep 1000", "echo OK; sleep 1000"] {
            let fake = try FakePinentry(script)
            #expect(throws: PinentryError.broken("it does not answer")) {
                try Pinentry(fake.path, Pinentry.Options(), patience: .milliseconds(300))
            }
        }
    }

    @Test("is waited for no longer when something else ends the wait")
    func interrupted() throws {
        struct Stop: Error {}
        let fake = try FakePinentry.answering("GETPIN) sleep 1000 ;;")
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { _ = close($0) } }
        var stops = false
        let interrupt = Pinentry.Interrupt(descriptor: ends[0]) { if stops { throw Stop() } }
        let pinentry = try Pinentry(fake.path, Pinentry.Options(), interrupt)
        stops = true
        #expect(write(ends[1], "x", 1) == 1)
        #expect(throws: Stop.self) { try pinentry.ask(.pin, limit: .seconds(300)) }
    }

    @Test("gets none of our variables, no argument, and no descriptor but its own")
    func surroundings() throws {
        setenv("POSTERN_PROBE", "1", 1)
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        let fake = try FakePinentry.answering(
            "GETPIN) { echo \"args $#\"; env; ls /proc/self/fd; } > \"$log\"; echo OK ;;")
        _ = try ask(fake)
        #expect(fake.log.contains("args 0\n") && fake.log.contains("PATH="))
        #expect(!fake.log.contains("POSTERN_"))
        #expect(!fake.log.contains("\n\(descriptor)\n") || descriptor <= 3)
    }
}
