/// The desktop session of the person whose agent it is, as the login manager tells it.
package struct DesktopSession: Codable, Equatable, Sendable {
    package enum State: String, Codable, Sendable {
        case active
        /// The screen is locked, or the machine sleeps.
        case locked
        /// There is no session, or nobody tells of any.
        case none
    }

    /// The login manager's identifier of the session; empty if there is none.
    package var id: String
    package var state: State

    package init(id: String, state: State) {
        self.id = id
        self.state = state
    }
}

/// Where the person who makes a request can be asked something: their display and terminal, as their environment names them.
package struct UserInterface: Codable, Equatable, Sendable {
    /// `DISPLAY`.
    package var display: String?
    /// `WAYLAND_DISPLAY`.
    package var wayland: String?
    /// The terminal's path.
    package var tty: String?
    /// `TERM`.
    package var term: String?
    /// The locale of messages.
    package var lang: String?

    package init() {}
}
