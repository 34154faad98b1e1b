import Glibc
import OutsideInput
import PosternProtocol

/// All that the command says and asks. Nothing else reads stdin or writes to stdout or stderr.
///
/// - stdout carries the answer and nothing else, so that it can be piped; an answer that could not be written whole is
///   a failure.
/// - Everything for people goes to stderr, in whole sentences: what happened, then what to do.
/// - A prompt ends in `: `. Where stdin is not a terminal the answer is the next line of it, and the end of input is an
///   answer too: there is no endless asking.
/// - Colour and lines that change in place are for terminals; `NO_COLOR` (no-color.org) turns off the colour,
///   `TERM=dumb` both.
/// - A terminal's settings are put back on every path, a signal's included.
/// - Words for people are stripped of control characters on the way out, wherever they came from: a tenant's text must
///   not move a cursor or forge a line.
final class Terminal {
    /// Whether somebody can be asked to type.
    let isInteractive: Bool
    /// Whether lines can be changed in place.
    let showsProgress: Bool
    private let isColoured: Bool
    /// Nothing on a terminal needs it: a question there stays until it is answered.
    var end: UnixTime?
    /// Its lines are codes, addresses and lines of keys.
    private var input = LineReader(descriptor: STDIN_FILENO, limit: 256 * 1024)

    init() {
        isInteractive = isatty(STDIN_FILENO) == 1
        showsProgress = isatty(STDERR_FILENO) == 1 && Environment["TERM"] != "dumb"
        isColoured = Environment["TERM"] != "dumb" && Environment["NO_COLOR"] == nil
    }

    /// A line for people and how much it matters.
    struct Line: Equatable {
        enum Tone: String {
            case plain = ""
            case good = "32"
            case warning = "33"
            case bad = "31"
            case strong = "1"
            /// Whatever the terminal's own colours: many readers of QR codes refuse a negative.
            case whiteOnBlack = "40;37;1"
        }

        var text: String
        var tone: Tone = .plain

        init(_ text: String, _ tone: Tone = .plain) {
            self.text = text
            self.tone = tone
        }
    }
}

// MARK: Answers, to stdout

extension Terminal {
    /// Prints the answer as it is.
    func answer(_ text: String) throws(Failure) {
        do throws(SystemError) {
            try Self.write(text + "\n", to: STDOUT_FILENO)
        } catch {
            throw .unwritten(error)
        }
    }

    /// Prints the agent's answer: to a pipe or a file as the agent wrote it, on a terminal with what could act on it escaped.
    func answer(json: String) throws(Failure) {
        try answer(isatty(STDOUT_FILENO) == 1 ? RawJSON.shown(json) : json)
    }

    /// Prints the answer in words.
    func answer(_ lines: [Line]) throws(Failure) {
        guard !lines.isEmpty else { return }
        let coloured = isColoured && isatty(STDOUT_FILENO) == 1
        try answer(lines.map { Self.render($0, coloured: coloured) }.joined(separator: "\n"))
    }

    /// Closes stdout, which is where some file systems report that they could not keep what was written (close(2)).
    func finish() throws(Failure) {
        guard close(STDOUT_FILENO) == 0 || errno == EBADF else { throw .unwritten(.last) }
    }
}

// MARK: Words, to stderr

extension Terminal {
    func say(_ text: String, _ tone: Line.Tone = .plain) {
        let coloured = isColoured && isatty(STDERR_FILENO) == 1
        Self.tell(Self.render(Line(text, tone), coloured: coloured) + "\n")
    }

    /// Says why the command failed and what to do; with `json` the agent's error goes out as it came.
    func report(_ failure: Failure, json: Bool) {
        if json, let error = failure.json {
            return Self.tell((isatty(STDERR_FILENO) == 1 ? RawJSON.shown(error) : error) + "\n")
        }
        say("postern: \(failure.message)", .bad)
        for line in failure.advice {
            say("  \(line)")
        }
    }

    /// Whether a drawing of the width can be shown.
    func canDraw(columns: Int) -> Bool {
        showsProgress && columns <= self.columns
    }

    func draw(_ code: QRCode) {
        for line in code.lines {
            say(line, .whiteOnBlack)
        }
    }

    /// Shows a line that the next one replaces; nothing where lines cannot change.
    ///
    /// It is cut at the window's edge: of a line that has wrapped only the last row would be replaced.
    func progress(_ text: String) {
        guard showsProgress else { return }
        Self.tell("\r\u{1B}[K\(Self.clean(text).prefix(columns - 1))")
    }

    func endProgress() {
        guard showsProgress else { return }
        Self.tell("\r\u{1B}[K")
    }

    /// The width of the window; a large number where it is not known.
    private var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 1000 }
        return Int(size.ws_col)
    }
}

// MARK: Questions

extension Terminal {
    /// Asks for a line and returns it without surrounding white space; nil at the end of input.
    ///
    /// What is typed shows. That is right for addresses and for one-time codes too: they die on use and within minutes,
    /// and people who copy six digits want to see them.
    ///
    /// - Parameter prompt: looked at anew every second on a terminal, and then always of the same width, because what
    ///   has been typed stands behind it.
    func ask(_ interrupts: Interrupts, _ prompt: @escaping () -> String) throws -> String? {
        var shown = prompt()
        Self.tell(Self.clean(shown))
        let redraw = {
            let text = prompt()
            guard text != shown else { return }
            shown = text
            // Save the cursor, rewrite the prompt, restore the cursor: DECSC and DECRC of VT100.
            Self.tell("\u{1B}7\r\(Self.clean(text))\u{1B}8")
        }
        let line = try nextLine(interrupts, everySecond: isInteractive && showsProgress ? redraw : nil)
        return line.map { Self.text($0) }
    }

    /// A line that has been typed on the terminal while something else was waited for; nil if none has.
    func typedLine() throws -> String? {
        guard isInteractive else { return nil }
        return try readInput { try input.nextIfArrived() }.map(Self.text)
    }

    /// Reads a secret: all of stdin, or on a terminal what is typed at a prompt that does not show it; nil if there is
    /// none.
    ///
    /// One newline at the end belongs to the way it was handed over, not to the secret. PEM is read to its last line.
    func secret(_ prompt: String) throws -> String? {
        try HiddenMemory.hide()
        guard isInteractive else {
            // Longer than any key, and with the request around it still within a line of the agent's.
            let limit = 128 * 1024
            var bytes = try readInput { try input.rest(limit: limit) }
            guard bytes.count <= limit else {
                throw Failure("That is more than a secret can be (\(limit) bytes).", status: ExitStatus.usage)
            }
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
        }
        let interrupts = try Interrupts()
        return try withoutEcho {
            Self.tell(prompt)
            guard var text = try nextLine(interrupts).map(Self.text), !text.isEmpty else { return nil }
            if text.hasPrefix("-----BEGIN ") {
                while !text.contains("-----END "), let line = try nextLine(interrupts) {
                    text += "\n" + Self.text(line)
                }
            }
            return text
        }
    }

    private func nextLine(_ interrupts: Interrupts, everySecond: (() -> Void)? = nil) throws -> [UInt8]? {
        var isEnteredByHand = false
        // Where nobody's Enter key has moved the cursor, the next words would follow the prompt.
        defer { if !isEnteredByHand { Self.tell("\n") } }
        let line = try readInput { try input.next(interrupts, everySecond: everySecond) }
        isEnteredByHand = isInteractive && line != nil
        return line
    }

    private func readInput<Value>(_ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch let error as SystemError {
            throw Failure("Standard input could not be read: \(error.words).", status: ExitStatus.ioError)
        } catch is LineReader.LineTooLong {
            throw Failure("That line is longer than any answer.", status: ExitStatus.badData)
        }
    }

    private func withoutEcho<Value>(_ body: () throws -> Value) throws -> Value {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw Failure("The terminal cannot be told to hide what is typed.", status: ExitStatus.ioError)
        }
        var hidden = settings
        hidden.c_lflag &= ~tcflag_t(ECHO)
        // The newline still shows, so that Enter is seen to work.
        hidden.c_lflag |= tcflag_t(ECHONL)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else {
            throw Failure("The terminal cannot be told to hide what is typed.", status: ExitStatus.ioError)
        }
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) }
        return try body()
    }
}

// MARK: Bytes

extension Terminal {
    /// The text without control and formatting characters (escape sequences, changes of writing direction); a tab or
    /// newline becomes a space.
    static func clean(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" {
                scalars.append(" ")
            } else if scalar.isPrintable {
                scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// Opens the null device in the place of standard descriptors that the caller has closed: else a socket would get
    /// the number of stdout and the answer be sent to the agent.
    static func occupyStandardDescriptors() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // Read-only even for stdout: writing an answer to it must fail.
            _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    private static func render(_ line: Line, coloured: Bool) -> String {
        let text = clean(line.text)
        return coloured && line.tone != .plain ? "\u{1B}[\(line.tone.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// What was typed, without surrounding white space.
    static func text(_ bytes: [UInt8]) -> String {
        let isSpace: (UInt8) -> Bool = { $0 <= UInt8(ascii: " ") }
        let end = bytes.lastIndex { !isSpace($0) } ?? -1
        return String(decoding: bytes[...end].drop(while: isSpace), as: UTF8.self)
    }

    private static func tell(_ text: String) {
        // With stderr gone there is nobody left to tell.
        try? write(text, to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: CInt) throws(SystemError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .last
            }
        }
    }
}

extension Failure {
    fileprivate static func unwritten(_ error: SystemError) -> Failure {
        Failure("The answer could not be written: \(error.words).", status: ExitStatus.ioError)
    }
}
