import PosternProtocol

/// What the agent tells about itself and its profiles, in words.
struct StatusReport {
    let now: UnixTime

    /// The whole report of `postern status`.
    func lines(_ status: GetStatus.Response, profiles: [ProfileStatus]) -> [Terminal.Line] {
        var lines: [Terminal.Line] = [
            .init("agent    version \(status.version), running since \(Moment(status.startedAt, now: now).words)")
        ]
        if status.locked {
            lines.append(.init("         locked: it hands out nothing", .warning))
        }
        let keyring = words(status.keyring)
        lines.append(.init("keyring  \(keyring.text)", keyring.tone))
        lines.append(.init("config   \(status.configFile)"))
        if let error = status.configError {
            lines.append(.init("         not in force: \(error)", .bad))
        }
        if profiles.isEmpty {
            lines.append(.init(""))
            lines.append(.init("No profiles yet. Add one: postern profile add NAME --domain DOMAIN --client-id ID"))
        }
        for profile in profiles {
            lines.append(.init(""))
            lines += self.lines(profile)
        }
        return lines
    }

    /// The table of `postern profiles`: a profile a line.
    func table(_ profiles: [ProfileStatus]) -> [Terminal.Line] {
        Table(rows: profiles.map { [$0.name, words($0.state).text, $0.account?.words ?? "-", $0.issuer] }).lines
    }

    private func lines(_ profile: ProfileStatus) -> [Terminal.Line] {
        let state = words(profile.state)
        var first = "\(profile.name): \(state.text)"
        if let account = profile.account { first += " as \(account.fullWords)" }
        var lines: [Terminal.Line] = [.init(first, state.tone), .init("  tenant    \(profile.issuer)")]
        if let audience = profile.audience {
            lines.append(.init("  audience  \(audience)"))
        }
        if let expiry = profile.accessExpiresAt {
            let isOver = expiry <= now
            lines.append(.init("  token     \(isOver ? "expired" : "until") \(Moment(expiry, now: now).words)"))
        }
        if let end = profile.loginEndsAt {
            lines.append(.init("  sign-in   to be renewed by \(Moment(end, now: now).words)"))
        }
        if let session = profile.session {
            lines.append(words(session, isBound: profile.persist == "session"))
        }
        if !profile.saved {
            let warning = "not saved: the newest refresh token is in the agent's memory alone; the agent keeps trying"
            lines.append(.init("  keyring   \(warning)", .warning))
        }
        if let error = profile.lastError {
            lines.append(.init("  problem   \(error.message)", .warning))
        }
        if let next = nextStep(profile) {
            lines.append(.init("  next      \(next)"))
        }
        return lines
    }

    private func nextStep(_ profile: ProfileStatus) -> String? {
        switch profile.state {
        case .loginRequired, .mfaRequired, .signedOut: "postern login \(profile.name)"
        case .locked: "postern unlock-keyring"
        case .offline, .refreshing, .signedIn: nil
        }
    }

    private func words(_ state: ProfileStatus.State) -> Terminal.Line {
        switch state {
        case .loginRequired: .init("sign-in needed", .bad)
        case .mfaRequired: .init("second factor needed", .bad)
        case .locked: .init("keyring locked", .warning)
        case .offline: .init("tenant not reached", .warning)
        case .refreshing: .init("signed in, refreshing", .good)
        case .signedIn: .init("signed in", .good)
        case .signedOut: .init("signed out")
        }
    }

    /// - Parameter isBound: the tokens end with the session.
    private func words(_ session: DesktopSession, isBound: Bool) -> Terminal.Line {
        let end = isBound ? ": the tokens end with it" : ""
        return switch session.state {
        case .active: .init("  session   \(session.id), active\(end)")
        case .locked where isBound:
            .init(
                "  session   \(session.id), locked\(end); with lock = screen nothing is served until it is unlocked",
                .warning)
        case .locked: .init("  session   \(session.id), locked: nothing is served until it is unlocked", .warning)
        case .none:
            .init(
                "  session   none\(isBound ? ": the tokens end with your last session" : ": nothing is served without one")",
                .warning)
        }
    }

    private func words(_ keyring: KeyringState) -> Terminal.Line {
        switch keyring {
        case .available: .init("available")
        case .locked:
            .init("locked: sign-ins cannot be loaded or saved until 'postern unlock-keyring'", .warning)
        case .absent:
            .init("absent: start a Secret Service (gnome-keyring, KeePassXC), or set persist = memory", .bad)
        case .failing: .init("failing: it is there but does not answer as it should", .bad)
        }
    }
}
