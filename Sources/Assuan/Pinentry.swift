import Glibc
import OutsideInput

/// A pinentry program (its manual, "The Assuan protocol"), which asks a person something in a window or on a terminal.
///
/// Whoever uses this ignores SIGPIPE: the program may end while it is written to. It ends with ``end()``, or when it is thrown away.
package final class Pinentry {
    /// Where and how the program shows itself.
    package struct Options: Sendable {
        /// The terminal that the program may use; its path.
        package var ttyName: String?
        /// `TERM` of that terminal.
        package var ttyType: String?
        /// The locale of its letters, and of its words.
        package var ctype: String?
        package var messages: String?

        package init() {}
    }

    /// Something else that ends a wait, such as a signal that is received as data.
    package struct Interrupt {
        let descriptor: CInt
        let check: () throws -> Void

        /// - Parameters:
        ///   - descriptor: is readable when it is to be checked.
        ///   - check: throws what ends the wait.
        package init(descriptor: CInt, check: @escaping () throws -> Void) {
            self.descriptor = descriptor
            self.check = check
        }
    }

    /// A text of a dialog.
    package enum Part: String, Sendable {
        case title = "SETTITLE"
        case description = "SETDESC"
        case prompt = "SETPROMPT"
        case error = "SETERROR"
        case ok = "SETOK"
        case cancel = "SETCANCEL"
        case notOK = "SETNOTOK"

        /// Whether the dialog says what it must without it.
        var isDispensable: Bool {
            switch self {
            case .title, .ok, .cancel, .notOK: true
            case .description, .prompt, .error: false
            }
        }
    }

    package enum Question: Sendable {
        case pin
        case confirm
        /// One button, and nothing to refuse.
        case message

        var command: String {
            switch self {
            case .pin: "GETPIN"
            case .confirm: "CONFIRM"
            // MESSAGE is younger than this; it is also what gpg-agent sends.
            case .message: "CONFIRM --one-button"
            }
        }
    }

    /// How long the program has for what needs no person.
    private let patience: Duration
    /// An answer is no longer, in bytes, however many lines it has.
    static let answerLimit = 64 * 1024

    private var child: ChildProcess?
    private let interrupt: Interrupt?
    private var lines = AssuanLines()
    /// What has arrived of an answer.
    private var data: [UInt8] = []
    /// When the question that is being shown is over; nil while none is.
    private var questionEnd: ContinuousClock.Instant?
    private var isBroken = false

    /// Starts the program and tells it where it is.
    package init(
        _ program: String, _ options: Options, _ interrupt: Interrupt? = nil, patience: Duration = .seconds(10)
    ) throws {
        self.patience = patience
        self.interrupt = interrupt
        child = try ChildProcess(program, sharesTerminal: options.ttyName != nil)
        do {
            try acknowledge(until: .now + patience)
            // The person must be able to look for the code in another window.
            var lines = ["no-grab"]
            for (name, value) in [
                ("ttyname", options.ttyName), ("ttytype", options.ttyType), ("lc-ctype", options.ctype),
                ("lc-messages", options.messages),
            ] {
                if let value { lines.append("\(name)=\(value)") }
            }
            for line in lines {
                do {
                    try tell("OPTION", line)
                } catch PinentryError.refused {
                    // Programs need not know any option.
                }
            }
        } catch {
            isBroken = true
            end()
            throw error
        }
    }

    deinit { end() }

    /// Sets a text of the next dialogs; the error's only of the next one.
    package func set(_ part: Part, _ text: String) throws {
        do {
            try tell(part.rawValue, text)
        } catch PinentryError.refused where part.isDispensable {
            // Not all programs know all of these.
        }
    }

    /// Asks and waits for what the person says: what was typed, or nothing where nothing can be.
    ///
    /// - Parameter limit: after which the program takes the dialog away by itself.
    package func ask(_ question: Question, limit: Duration) throws -> [UInt8] {
        try begin(question, limit: limit)
        while true {
            if let answer = try answer(within: nil) { return answer }
        }
    }

    /// Shows a dialog and returns at once; ``answer(within:)`` tells what came of it, ``end()`` takes it away.
    package func begin(_ question: Question, limit: Duration) throws {
        let seconds = max(limit.components.seconds, 1)
        do {
            try tell("SETTIMEOUT", String(seconds))
        } catch PinentryError.refused {
            // As gpg-agent has it. The wait ends by our own clock, and the program with it.
        }
        questionEnd = .now + .seconds(seconds) + patience
        try write(AssuanLine.command(question.command), until: .now + patience)
    }

    /// The answer to the dialog that is shown, or nil if it has none in this time.
    ///
    /// - Parameter wait: until the end of the question if nil.
    package func answer(within wait: Duration?) throws -> [UInt8]? {
        guard let questionEnd else { throw PinentryError.broken("nothing was asked") }
        let until = wait.map { min(questionEnd, .now + $0) } ?? questionEnd
        do {
            let answer = try reply(until: until)
            self.questionEnd = nil
            return answer
        } catch PinentryError.timedOut where until < questionEnd {
            return nil
        } catch {
            self.questionEnd = nil
            throw error
        }
    }

    /// Ends the program, with whatever it shows.
    package func end() {
        guard let child = child.take() else { return }
        let isIdle = questionEnd == nil && !isBroken
        if isIdle {
            // One that does not take it in is ended all the same.
            var bye = AssuanLine.command("BYE")
            _ = Glibc.write(child.input, &bye, bye.count)
        }
        child.end(isAskedAlready: isIdle)
    }

    private func tell(_ command: String, _ argument: String) throws {
        let until = ContinuousClock.now + patience
        try write(AssuanLine.command(command, argument), until: until)
        try acknowledge(until: until)
    }

    /// Waits for the reply to what needs no person.
    private func acknowledge(until: ContinuousClock.Instant) throws {
        do {
            _ = try reply(until: until)
        } catch PinentryError.timedOut {
            throw broken("it does not answer")
        }
    }

    /// Reads until the reply to the command is whole, and returns its data.
    private func reply(until: ContinuousClock.Instant) throws -> [UInt8] {
        while true {
            switch AssuanReply(try nextLine(until: until)) {
            case .ok?:
                defer { data = [] }
                return data
            case .data(let more)?:
                data += more
                guard data.count <= Self.answerLimit else { throw broken("its answer is endless") }
            case .remark?:
                break
            case .inquiry?:
                // It is told that nothing is known, and then has to end its answer.
                try write(AssuanLine.command("CAN"), until: until)
            case .error(let code, let words)?:
                data = []
                throw Self.failure(code, words)
            case nil:
                throw broken("it does not speak Assuan")
            }
        }
    }

    /// By the codes of libgpg-error: canceled, fully canceled, not confirmed; timeout.
    private static func failure(_ code: Int, _ words: String) -> PinentryError {
        switch code {
        case 99, 198, 114: .cancelled
        case 62: .timedOut
        default: .refused(words.isEmpty ? "error \(code)" : words)
        }
    }

    private func nextLine(until: ContinuousClock.Instant) throws -> [UInt8] {
        while true {
            do throws(AssuanLines.TooLong) {
                if let line = try lines.next() { return line }
            } catch {
                throw broken("its lines are endless")
            }
            guard let output = child?.output else { throw broken("it has ended") }
            try wait(for: output, Int16(POLLIN), until: until)
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &chunk, chunk.count)
            if count > 0 {
                lines.append(chunk.prefix(count))
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                // What has ended the program may have been meant for us as well: Ctrl-C.
                try interrupt?.check()
                throw broken("it has ended without an answer")
            }
        }
    }

    private func write(_ line: [UInt8], until: ContinuousClock.Instant) throws {
        var rest = line[...]
        while !rest.isEmpty {
            guard let input = child?.input else { throw broken("it has ended") }
            let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                do {
                    try wait(for: input, Int16(POLLOUT), until: until)
                } catch PinentryError.timedOut {
                    throw broken("it takes nothing in")
                }
            } else if errno != EINTR {
                try interrupt?.check()
                throw broken("it has ended")
            }
        }
    }

    private func wait(for descriptor: CInt, _ events: Int16, until: ContinuousClock.Instant) throws {
        // poll(2) leaves out an entry whose descriptor is negative.
        var entries = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: interrupt?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let left = until - .now
            let milliseconds = Bounded.whole(left / .milliseconds(1), in: 0...3_600_000, rounded: .up)
            let ready = poll(&entries, 2, CInt(clamping: milliseconds ?? 0))
            try interrupt?.check()
            if ready > 0, entries[0].revents != 0 { return }
            if ready < 0, errno != EINTR { throw broken("it cannot be waited for") }
            if ready <= 0, left <= .zero { throw PinentryError.timedOut }
        }
    }

    /// Of such a program nothing is expected any more.
    private func broken(_ what: String) -> PinentryError {
        isBroken = true
        return .broken(what)
    }
}

extension Pinentry {
    /// How many bytes a text takes of the 1000 that a line to the program may have.
    package static func width(of text: String) -> Int { AssuanLine.width(of: text) }
}
