import OutsideInput

/// What a notification server is to show.
struct Notice: Equatable, Sendable {
    /// Bytes of UTF-8.
    private static let summaryLimit = 80
    private static let bodyLimit = 300
    /// For the names of profiles in either.
    private static let namesLimit = 48

    var summary: String
    /// Plain text; it is escaped where the server reads markup.
    var body: String
    var isCritical = false
    /// Whether it is to stay until somebody closes it.
    var stays = false
    /// What its action does; nil is none.
    var signIn: SignIn?

    enum SignIn: Equatable, Sendable {
        case profile(String)
        /// All that need it.
        case all
    }

    /// - Parameter needs: at least one, in the order in which they are to be named.
    init(about needs: [(profile: String, need: PersonNeed)]) {
        let kinds = Set(needs.map(\.need.kind)).sorted()
        let profiles = needs.map(\.profile).withoutRepetition
        if let first = needs.first, kinds.count == 1 {
            (summary, body) = first.need.words(for: profiles)
        } else {
            summary = "Postern needs you: \(profiles.named)"
            body = kinds.map { kind in
                "\(kind.title): \(needs.filter { $0.need.kind == kind }.map(\.profile).named)."
            }.joined(separator: "\n")
        }
        summary = summary.cut(toBytes: Self.summaryLimit)
        body = body.cut(toBytes: Self.bodyLimit)
        isCritical = kinds.first == .suspectedTheft
        // Without them something does not work any more; of the others it is enough to have been told.
        stays = kinds.contains { $0 <= .secondFactor }
        // What is still good needs no sign-in, so that the units would do nothing for it.
        let signingIn = needs.filter { ![.unsaved, .ending].contains($0.need.kind) }.map(\.profile).withoutRepetition
        if let profile = signingIn.first { signIn = signingIn.count == 1 ? .profile(profile) : .all }
    }

    fileprivate static func list(_ names: [String]) -> String {
        var text = ""
        for (index, name) in names.enumerated() {
            let longer = text.isEmpty ? name : "\(text), \(name)"
            guard text.isEmpty || longer.utf8.count <= namesLimit else {
                return "\(text) and \(names.count - index) more"
            }
            text = longer
        }
        return text
    }
}

extension PersonNeed {
    /// - Parameter profiles: those that need the same.
    fileprivate func words(for profiles: [String]) -> (summary: String, body: String) {
        let names = profiles.named
        guard let profile = profiles.first, profiles.count == 1 else {
            return ("\(kind.title): \(names)", "\(kind.sentence) \(profiles.count) profiles: \(names).")
        }
        let command = "Run 'postern login \(profile)'."
        return switch self {
        case .signIn(let reason):
            (
                "Sign in to Postern: \(profile)",
                "The sign-in of profile \(profile) has ended\(Self.words(of: reason)). \(command)"
            )
        case .suspectedTheft:
            (
                "Possible theft of tokens: \(profile)",
                """
                The tenant refused a refresh token of profile \(profile) that should be valid: somebody else may have used it. \
                Look at the tenant's log. \(command)
                """
            )
        case .secondFactor:
            (
                "Second factor needed: \(profile)",
                "The tenant wants a second factor before it renews the tokens of profile \(profile). \(command)"
            )
        case .unsaved:
            (
                "Tokens not saved: \(profile)",
                """
                The keyring does not take the newest tokens of profile \(profile). Without them you must sign in anew \
                after the session. 'postern status' says why.
                """
            )
        case .ending(let seconds):
            (
                "Sign-in ends within \(Self.words(for: seconds)): \(profile)",
                "The sign-in of profile \(profile) cannot be renewed: sign in anew before it ends. \(command)"
            )
        }
    }

    private static func words(of reason: String) -> String {
        switch reason {
        case "expired": ": it has expired"
        case "lost_answer": ": an answer of the tenant was lost"
        case "user_deleted": ": the tenant has deleted the user"
        case "settings_changed": ": the profile's settings were changed"
        case "no_refresh_token": ": it cannot be renewed"
        default: ""
        }
    }

    private static func words(for seconds: Int) -> String {
        switch seconds {
        case 86_400: "a day"
        case 86_401...: "\(seconds / 86_400) days"
        default: "an hour"
        }
    }
}

extension PersonNeed.Kind {
    fileprivate var title: String {
        switch self {
        case .suspectedTheft: "Possible theft of tokens"
        case .signIn: "Sign in to Postern"
        case .secondFactor: "Second factor needed"
        case .unsaved: "Tokens not saved"
        case .ending: "Sign-in ends soon"
        }
    }

    /// The beginning of one that says what it means for several profiles.
    fileprivate var sentence: String {
        switch self {
        case .suspectedTheft: "The tenant refused refresh tokens that should be valid; look at its log. It concerns"
        case .signIn: "A sign-in is needed for"
        case .secondFactor: "The tenant wants a second factor before it renews the tokens of"
        case .unsaved: "The keyring does not take the newest tokens of"
        case .ending: "Sign in anew, because nothing can renew the sign-ins of"
        }
    }
}

extension [String] {
    /// As many names as there is space for, and how many more there are.
    fileprivate var named: String { Notice.list(self) }

    fileprivate var withoutRepetition: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
