/// What a profile needs its person for, as far as the desktop tells of it.
enum PersonNeed: Equatable, Sendable {
    /// Nothing can be refreshed until somebody signs in; `reason` as `data.cause` of error 1001.
    case signIn(reason: String)
    /// The same, because the tenant refused a refresh token that should be valid: somebody else may have used it.
    case suspectedTheft
    /// The tenant wants a second factor before it refreshes.
    case secondFactor
    /// The keyring lacks the newest refresh token.
    case unsaved
    /// The sign-in ends within this many seconds and cannot be renewed.
    case ending(within: Int)

    /// Profiles with needs of the same kind share a notification. The most urgent comes first.
    enum Kind: Int, Comparable, Sendable {
        case suspectedTheft, signIn, secondFactor, unsaved, ending

        static func < (one: Kind, other: Kind) -> Bool { one.rawValue < other.rawValue }
    }

    var kind: Kind {
        switch self {
        case .signIn: .signIn
        case .suspectedTheft: .suspectedTheft
        case .secondFactor: .secondFactor
        case .unsaved: .unsaved
        case .ending: .ending
        }
    }

    /// How long it must last before the person is told: a keyring that is just being restarted is none of their business.
    var patience: Duration { self == .unsaved ? .seconds(30) : .zero }
}
