/// Why a question has not been answered.
package enum PinentryError: Error, Equatable {
    /// The person refused: the button, or the window's own, or no to a question.
    case cancelled
    /// Nobody answered in time.
    case timedOut
    /// The program cannot be started; the system's words.
    case unstartable(String, String)
    /// The program says that it cannot ask; its own words, cleaned.
    case refused(String)
    /// What answers is no pinentry, or it has ended, or hangs.
    case broken(String)
}
