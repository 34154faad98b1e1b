import ArgumentParser
import PosternProtocol

/// `postern watch`.
struct WatchCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show what happens in the agent, as it happens.",
        discussion: """
            A line for each sign-in and sign-out, profile, client secret and second factor that comes or goes, refresh, refusal, save that fails or catches up, loss of the \
            tenant, and keyring that is locked, unlocked or gone, until Ctrl-C. With --json each line is the event as the agent sent it.

              postern watch
              postern watch work --json | while read -r event; do …; done
            """)

    @OptionGroup var profile: ProfileArgument
    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: profile.name)
    }

    func run() throws {
        let interrupts = try Interrupts()
        let terminal = Terminal()
        let client = try options.connect(interrupts)
        _ = try client.call(SubscribeToEvents(profile: try options.profile(or: profile.name)))
        while true {
            let notification = try client.nextNotification()
            if !options.json, let event = notification.event {
                try terminal.answer([Self.words(event)])
            } else {
                try terminal.answer(json: notification.json)
            }
        }
    }

    static func words(_ event: Event, now: UnixTime = Moment.now) -> Terminal.Line {
        let (text, tone): (String, Terminal.Line.Tone) =
            switch event.type {
            case .signedIn: ("signed in" + (event.account.map { " as \($0.words)" } ?? ""), .good)
            case .signedOut: ("signed out", .plain)
            case .refreshed: ("token refreshed", .plain)
            case .loginRequired: ("sign-in needed (\(event.cause ?? "unknown cause"))", .bad)
            case .mfaRequired: ("second factor needed", .bad)
            case .loginEnding:
                (
                    "sign-in ends \(event.loginEndsAt.map { Moment($0, now: now).words } ?? "soon"): sign in anew",
                    .warning
                )
            case .reuseSuspected:
                ("a refresh token that should be valid was refused: it may have been stolen and used", .bad)
            case .unsaved: ("not saved: the newest refresh token is in the agent's memory alone", .warning)
            case .saved: ("saved", .good)
            case .keyring: ("keyring \(event.keyring?.rawValue ?? "changed")", .plain)
            case .offline: ("tenant not reached", .warning)
            case .online: ("tenant reached again", .good)
            case .locked where event.cause == "screen":
                ("screen locked: profiles with lock = screen serve nothing", .warning)
            case .locked: ("agent locked", .warning)
            case .unlocked: (event.cause == "screen" ? "screen unlocked" : "agent unlocked", .plain)
            case .network: ("network changed", .plain)
            case .reloaded: ("configuration read again", .plain)
            case .loginStarted:
                (
                    "sign-in begun" + (event.pid.map { " by process \($0)" } ?? "")
                        + (event.sentTo.map { ", code sent to \($0)" } ?? ""), .plain
                )
            case .profileAdded: ("profile added", .plain)
            case .profileRemoved: ("profile removed", .plain)
            case .secretSet: (event.secretKind == "private_key" ? "private key set" : "client secret set", .plain)
            case .factorAdded: ("second factor added", .warning)
            case .factorRemoved: ("second factor removed" + (event.factor.map { " (\($0))" } ?? ""), .warning)
            }
        let whose = event.profile.map { "\($0): " } ?? ""
        return .init("\(Moment(event.at, now: now).words)  \(whose)\(text)", tone)
    }
}
