import Synchronization

extension PrivateDesktop {
    /// Stands for the person before gnome-keyring's dialog.
    package enum Person: Sendable {
        /// Never answers.
        case absent
        /// Presses Cancel.
        case unwilling
    }

    /// Puts a program in the place of the one that shows gnome-keyring's dialogs, by the interface of gcr-prompter
    /// (gcr, org.gnome.keyring.Prompter.xml). It cannot give a password: those are exchanged encrypted.
    package nonisolated func showDialogs(to person: Person) throws {
        try BusPeer("org.gnome.keyring.SystemPrompter", on: self) { call in
            func ready(_ reply: String) -> BusPeer.Action {
                .call(
                    destination: call.sender, path: call.argument,
                    interface: "org.gnome.keyring.internal.Prompter.Callback", member: "PromptReady",
                    [.string(reply), .noProperties, .string("")])
            }
            return switch (call.member, person) {
            case (_, .absent): [.answer([])]
            case ("BeginPrompting", .unwilling): [.answer([]), ready("")]
            case ("PerformPrompt", .unwilling): [.answer([]), ready("no")]
            default: [.answer([])]
            }
        }
    }

    /// How a made-up provider behaves when it is to unlock its one collection.
    package enum Unlocking: Sendable {
        /// Asks, and the person gives the password.
        case approved
        /// Asks, and then says that it was unlocked though it is not.
        case lied
        /// Unlocks it without asking.
        case unasked
        /// Neither asks nor unlocks it.
        case refused
        /// Never answers the call.
        case mute
    }

    /// Provides the Secret Service as far as a collection is looked at and unlocked.
    package nonisolated func provideSecrets(_ unlocking: Unlocking) throws {
        let isLocked = Flag(true)
        let collection = "/org/freedesktop/secrets/collection/made_up"
        let prompt = "/org/freedesktop/secrets/prompt/made_up"
        try BusPeer("org.freedesktop.secrets", on: self) { call in
            switch (call.member, unlocking) {
            case ("ReadAlias", _): return [.answer([.objectPath(collection)])]
            case ("Get", _): return [.answer([.variant(.boolean(isLocked.value))])]
            case ("Unlock", .unasked):
                isLocked.value = false
                return [.answer([.objectPaths([collection]), .objectPath("/")])]
            case ("Unlock", .refused): return [.answer([.objectPaths([]), .objectPath("/")])]
            case ("Unlock", .mute): return []
            case ("Unlock", _): return [.answer([.objectPaths([]), .objectPath(prompt)])]
            case ("Prompt", _):
                if case .approved = unlocking { isLocked.value = false }
                return [
                    .answer([]),
                    .signal(
                        path: prompt, interface: "org.freedesktop.Secret.Prompt", member: "Completed",
                        [.boolean(false), .variant(.objectPaths([collection]))]),
                ]
            default: return [.answer([])]
            }
        }
    }
}

private final class Flag: Sendable {
    private let state: Mutex<Bool>

    init(_ value: Bool) {
        state = Mutex(value)
    }

    var value: Bool {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
