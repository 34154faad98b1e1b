import PosternProtocol

/// Where a sign-in talks with a person: on a terminal, or in the windows of a pinentry.
protocol Conversation: AnyObject {
    /// Whether somebody can do something, or sees something move, while something else is waited for.
    var isAttended: Bool { get }
    /// When the login ends that this is about, so that no question outlives it.
    var end: UnixTime? { get set }

    /// Says what the next question is about.
    func say(_ text: String, _ tone: Terminal.Line.Tone)
    /// Says something that is only right at the next question.
    func note(_ text: String)
    /// Shows a key or a code, of which every character matters.
    func show(_ text: String, _ tone: Terminal.Line.Tone)
    /// Says why the same is asked again.
    func report(_ failure: Failure)
    /// Says what can be done at the next question besides answering it.
    func hint(_ ways: [Way])
    /// Says how all of it has ended. It holds no secret.
    func tell(_ outcome: String, _ tone: Terminal.Line.Tone)

    /// Whether a drawing of the width can be shown.
    func canDraw(columns: Int) -> Bool
    func draw(_ code: QRCode)
    /// What to say where a drawing would help and cannot be shown.
    var drawingAdvice: String { get }

    /// Asks for a line; nil if nothing more will come.
    func ask(_ interrupts: Interrupts, _ question: Question) throws -> String?
    /// Says something before which nothing is done that cannot be undone; a person who can say no is asked.
    func warn(_ interrupts: Interrupts, _ text: String) throws
    /// Has the person say that they have seen it.
    func acknowledge(_ interrupts: Interrupts, _ words: String) throws

    /// Shows that something is waited for, and what the person can do meanwhile.
    func beginWaiting(_ interrupts: Interrupts, canGoBack: Bool) throws
    func progress(_ text: String)
    /// Whether the person would rather choose another way.
    func wantsBack() throws -> Bool
    func endProgress()
}

/// What can be done at a question besides answering it.
enum Way {
    /// Answering with nothing has another code sent.
    case resend
    case back
    /// Back while something is waited for.
    case backFromWaiting
}

/// A question for one line.
struct Question {
    /// Looked at anew every second on a terminal, and then always of the same width. Ends in `: `.
    let prompt: () -> String
    /// The prompt where it cannot change.
    let still: String

    init(_ text: String) {
        prompt = { text }
        still = text
    }

    init(still: String, _ prompt: @escaping () -> String) {
        self.prompt = prompt
        self.still = still
    }
}

extension Conversation {
    func say(_ text: String) { say(text, .plain) }
    func tell(_ outcome: String) { tell(outcome, .plain) }
}

extension Terminal: Conversation {
    var isAttended: Bool { isInteractive || showsProgress }
    var drawingAdvice: String { "(A terminal that is wide enough shows a QR code here, if qrencode is installed.)" }

    func note(_ text: String) { say(text, .plain) }
    func show(_ text: String, _ tone: Line.Tone) { say(text, tone) }

    func report(_ failure: Failure) { report(failure, json: false) }
    func tell(_ outcome: String, _ tone: Line.Tone) { say(outcome, tone) }

    func hint(_ ways: [Way]) {
        guard isInteractive else { return }
        let words = ways.map { way in
            switch way {
            case .resend: "Enter alone asks for another code"
            case .back: "b shows the other ways"
            case .backFromWaiting: "b and Enter shows the other ways"
            }
        }
        say((words + ["Ctrl-C cancels"]).joined(separator: "; ") + ".")
    }

    func ask(_ interrupts: Interrupts, _ question: Question) throws -> String? {
        try ask(interrupts, question.prompt)
    }

    /// Ctrl-C says no.
    func warn(_ interrupts: Interrupts, _ text: String) { say(text) }

    func acknowledge(_ interrupts: Interrupts, _ words: String) throws {
        guard isInteractive else { return }
        _ = try ask(interrupts) { "Press Enter once you have \(words): " }
    }

    func beginWaiting(_ interrupts: Interrupts, canGoBack: Bool) {}

    func wantsBack() throws -> Bool {
        try typedLine().map(LoginDialogue.leadsBack) ?? false
    }
}
