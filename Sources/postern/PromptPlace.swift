import ArgumentParser
import Glibc
import PosternProtocol

/// Where a person is asked.
enum PromptPlace {
    /// stdin: a terminal, or lines that somebody has written.
    case terminal
    case pinentry

    /// What the command line says; `auto` decides by what there is.
    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case tty, pinentry, auto
    }

    init(_ choice: Choice) {
        switch choice {
        case .tty: self = .terminal
        case .pinentry: self = .pinentry
        case .auto: self = !Self.isTerminal && Self.isNobodyAtInput && Self.hasDisplay ? .pinentry : .terminal
        }
    }

    /// Where a command asks whose stdin is not for answers: nil if there is nowhere.
    static var forProgram: Self? {
        if isTerminal, isatty(STDERR_FILENO) == 1, !isInBackground { return .terminal }
        return hasDisplay ? .pinentry : nil
    }

    private static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Whether a shell runs this in its terminal's background: it would be stopped as soon as it read (termios(3), SIGTTIN), with the prompt that all others
    /// wait for. A terminal that is not the controlling one has no background.
    private static var isInBackground: Bool {
        let foreground = tcgetpgrp(STDIN_FILENO)
        return foreground >= 0 && foreground != getpgrp()
    }

    private static var hasDisplay: Bool {
        Environment["DISPLAY"] != nil || Environment["WAYLAND_DISPLAY"] != nil
    }

    /// Whether stdin is the null device, which also stands in the place of a closed one: no answer can come from it.
    private static var isNobodyAtInput: Bool {
        var input = stat()
        var null = stat()
        guard fstat(STDIN_FILENO, &input) == 0, stat("/dev/null", &null) == 0 else { return true }
        return input.st_mode & S_IFMT == S_IFCHR && input.st_rdev == null.st_rdev
    }
}
