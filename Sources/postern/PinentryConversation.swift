import Assuan
import Glibc
import OutsideInput
import PosternProtocol

/// A sign-in's talk with a person in the windows of a pinentry: what is said becomes the text of the next dialog.
///
/// Nothing of it goes to stderr, which may be a journal, but how it has ended.
final class PinentryConversation: Conversation {
    let isAttended = true
    var end: UnixTime?
    /// Who asks and why, which every dialog begins with: people must be able to tell it from what a web page shows them.
    private let heading: String
    private let program: String
    private let terminal: Terminal
    /// What the next dialog says, and whether a dialog has said it already, so that what is said next replaces it.
    private var said: [String] = []
    private var isShown = false
    private var notes: [String] = []
    /// The dialog that is there while something is waited for.
    private var waiting: (dialog: Pinentry, canGoBack: Bool, seconds: Int)?
    private var answers = 0
    /// The program as it has been started for the first dialog.
    private var prepared: Pinentry?

    /// Seconds that a dialog waits for an answer.
    private static let patience = 300
    /// Seconds that codes can be read which are shown once.
    private static let readingTime = 3600
    /// Bytes of a description: less than a line of Assuan's holds.
    private static let pageLimit = 960
    /// A program that is asked more often in one sign-in is no person's: what is no code counts nowhere else.
    private static let answerLimit = 30

    init(_ program: String, heading: String, _ terminal: Terminal) {
        self.program = program
        self.heading = PromptText.plain(heading)
        self.terminal = terminal
    }

    /// Starts the program, so that nothing is sent to the person if it does not run.
    func prepare(_ interrupts: Interrupts) throws {
        do {
            prepared = try start(interrupts)
        } catch let error as PinentryError {
            throw PromptRefusal(error, program: program, seconds: secondsLeft)
        }
    }

    // MARK: What is said

    func say(_ text: String, _ tone: Terminal.Line.Tone) { add(PromptText.plain(text)) }
    func show(_ text: String, _ tone: Terminal.Line.Tone) { add(PromptText.exact(text)) }
    func note(_ text: String) { notes.append(PromptText.plain(text)) }
    func report(_ failure: Failure) { notes += ([failure.message] + failure.advice).map(PromptText.plain) }
    func tell(_ outcome: String, _ tone: Terminal.Line.Tone) { terminal.say(outcome, tone) }

    func hint(_ ways: [Way]) {
        for way in ways {
            switch way {
            case .resend: add("OK with nothing typed has another code sent.")
            case .back: add("Type b for the other ways.")
            case .backFromWaiting: break
            }
        }
    }

    func canDraw(columns: Int) -> Bool { false }
    func draw(_ code: QRCode) {}
    var drawingAdvice: String { "(On a terminal, postern login --prompt tty shows a QR code.)" }

    private func add(_ line: String) {
        if isShown { said = [] }
        isShown = false
        said.append(line)
    }

    // MARK: Questions

    func ask(_ interrupts: Interrupts, _ question: Question) throws -> String? {
        let prompt = PromptText.plain(question.still)
        let answer = try dialog(interrupts, .pin, ok: "OK") { dialog in
            try dialog.set(.prompt, prompt.hasSuffix(" ") ? String(prompt.dropLast()) : prompt)
        }
        answers += 1
        guard answers <= Self.answerLimit else {
            throw PromptRefusal(
                .broken("it answers over and over, with nothing that helps"), program: program, seconds: 0)
        }
        return Terminal.text(answer)
    }

    func warn(_ interrupts: Interrupts, _ text: String) throws {
        say(text, .warning)
        _ = try dialog(interrupts, .confirm, ok: "Go on")
    }

    func acknowledge(_ interrupts: Interrupts, _ words: String) throws {
        _ = try dialog(interrupts, .message, ok: "I have \(words)", seconds: Self.readingTime)
    }

    // MARK: Waiting

    func beginWaiting(_ interrupts: Interrupts, canGoBack: Bool) throws {
        let seconds = secondsLeft
        do {
            try turnPages(interrupts) { page in
                let dialog = try self.open(interrupts, page, ok: canGoBack ? "Other ways" : "Hide")
                try dialog.begin(.confirm, limit: .seconds(seconds))
                waiting = (dialog, canGoBack, seconds)
            }
        } catch let error as PinentryError {
            throw PromptRefusal(error, program: program, seconds: seconds)
        }
    }

    func progress(_ text: String) {}

    func wantsBack() throws -> Bool {
        guard let (dialog, canGoBack, seconds) = waiting else { return false }
        do {
            guard try dialog.answer(within: .zero) != nil else { return false }
        } catch let error as PinentryError {
            throw PromptRefusal(error, program: program, seconds: seconds)
        }
        // Hidden, and the wait goes on.
        endProgress()
        return canGoBack
    }

    func endProgress() {
        waiting?.dialog.end()
        waiting = nil
    }

    // MARK: Dialogs

    /// Seconds that a dialog may be there: not longer than the login that it is for.
    private var secondsLeft: Int {
        guard let end else { return Self.patience }
        return Moment.seconds(until: end).clamped(to: 1...Self.patience)
    }

    /// Shows what has been said and waits for the answer.
    private func dialog(
        _ interrupts: Interrupts, _ question: Pinentry.Question, ok: String, seconds: Int? = nil,
        _ prepare: (Pinentry) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        let seconds = seconds ?? secondsLeft
        do {
            return try turnPages(interrupts) { page in
                let dialog = try open(interrupts, page, ok: ok)
                defer { dialog.end() }
                try prepare(dialog)
                return try dialog.ask(question, limit: .seconds(seconds))
            }
        } catch let error as PinentryError {
            throw PromptRefusal(error, program: program, seconds: seconds)
        }
    }

    /// Shows what one dialog does not hold in dialogs before it: a key must not be cut.
    private func turnPages<Value>(_ interrupts: Interrupts, _ last: (String) throws -> Value) throws -> Value {
        let pages = PromptText.pages(
            said, heading: heading, limit: Self.pageLimit, width: Pinentry.width(of:))
        for page in pages.dropLast() {
            let dialog = try open(interrupts, page, ok: "Next", withNotes: false)
            defer { dialog.end() }
            _ = try dialog.ask(.confirm, limit: .seconds(secondsLeft))
        }
        isShown = true
        return try last(pages.last ?? heading)
    }

    private func open(
        _ interrupts: Interrupts, _ page: String, ok: String, withNotes: Bool = true
    ) throws -> Pinentry {
        let dialog = try prepared ?? start(interrupts)
        prepared = nil
        try dialog.set(.title, "Postern")
        try dialog.set(.description, page)
        try dialog.set(.ok, ok)
        try dialog.set(.cancel, "Cancel")
        if withNotes, !notes.isEmpty {
            try dialog.set(.error, notes.joined(separator: "\n"))
            notes = []
        }
        return dialog
    }

    private func start(_ interrupts: Interrupts) throws -> Pinentry {
        let interrupt = Pinentry.Interrupt(descriptor: interrupts.descriptor) {
            if let interruption = interrupts.next() { throw interruption }
        }
        return try Pinentry(program, .ofThisProcess, interrupt)
    }
}

extension Pinentry.Options {
    /// Where this process is: for programs that ask on a terminal, or fall back to it.
    static var ofThisProcess: Self {
        var options = Self()
        options.ttyName = Environment["GPG_TTY"] ?? Terminal.name
        options.ttyType = options.ttyName == nil ? nil : Environment["TERM"]
        options.ctype = Environment["LC_ALL"] ?? Environment["LC_CTYPE"] ?? Environment["LANG"]
        options.messages = Environment["LC_ALL"] ?? Environment["LC_MESSAGES"] ?? Environment["LANG"]
        return options
    }
}

extension UserInterface {
    /// Where the person who runs this can be asked; nil if nothing tells of any.
    static var ofThisProcess: Self? {
        var ui = Self()
        ui.display = Environment["DISPLAY"]
        ui.wayland = Environment["WAYLAND_DISPLAY"]
        ui.tty = Environment["GPG_TTY"] ?? Terminal.name
        guard ui != Self() else { return nil }
        ui.term = ui.tty == nil ? nil : Environment["TERM"]
        ui.lang = Environment["LC_ALL"] ?? Environment["LC_MESSAGES"] ?? Environment["LANG"]
        return ui
    }
}

extension Terminal {
    /// The path of the terminal that this is used on; nil if there is none.
    static var name: String? {
        for descriptor in [STDIN_FILENO, STDERR_FILENO] {
            var buffer = [CChar](repeating: 0, count: 256)
            guard ttyname_r(descriptor, &buffer, buffer.count) == 0 else { continue }
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return nil
    }
}
