import Auth0
import Glibc
import Synchronization

/// Records that the keyring has not taken, kept by the service manager until it has, so that they survive this process.
///
/// Each lies in a sealed memory file in the manager's file-descriptor store (sd_notify(3), FDSTORE=1), which gives it to the next process of the
/// service after a crash or a restart, and drops it when the service is stopped. Without a manager nothing is kept.
///
/// Every process of the same user can get at such a file by the manager's descriptors, as it can read an unlocked keyring. A locked keyring keeps
/// such a process out and this store does not: `keep_unsaved = no` prefers a lost login to that.
package final class UnsavedRecords: Sendable {
    /// How the names in the manager's store begin; the profile's name follows.
    static let namePrefix = "unsaved."

    private struct State {
        var isEnabled = true
        /// Left by an earlier process and not taken yet, by profile. A profile may be missing because the configuration is bad at the moment.
        var inherited: [String: Secret] = [:]
        /// What the manager was given, by profile.
        var given: [String: Credentials] = [:]
        /// The profiles of which the manager has a record.
        var kept: Set<String> = []
    }

    private let state: Mutex<State>

    /// - Parameter inherited: descriptors by their names in the store. They are closed; the manager has its own.
    package init(inherited: [(name: String, descriptor: CInt)] = []) {
        var state = State()
        for (name, descriptor) in inherited {
            let profile = String(name.dropFirst(Self.namePrefix.count))
            state.kept.insert(profile)
            // An unreadable one is as good as none.
            if let record = SealedFile.read(descriptor) { state.inherited[profile] = record }
            close(descriptor)
        }
        self.state = Mutex(state)
    }

    /// Whether the manager may keep records (`keep_unsaved`). If not, it is told to drop those that it has.
    var isEnabled: Bool {
        get { state.withLock { $0.isEnabled } }
        set {
            state.withLock { state in
                state.isEnabled = newValue
                guard !newValue else { return }
                for profile in state.kept { Self.drop(profile, &state) }
            }
        }
    }

    /// Whether the manager keeps a record of this profile.
    func isKept(of profile: String) -> Bool {
        state.withLock { $0.kept.contains(profile) }
    }

    /// The record that an earlier process left, until another, or none, is ``set(_:of:at:)``.
    func inherited(of profile: String) -> Secret? {
        state.withLock { $0.inherited[profile] }
    }

    /// Has the manager keep this record, or none. One that an earlier process left is of no use from then on.
    func set(_ record: Credentials?, of profile: String, at clock: any AgentClock) {
        state.withLock { state in
            let inherited = state.inherited.removeValue(forKey: profile)
            guard let record, state.isEnabled else {
                if state.kept.contains(profile) { Self.drop(profile, &state) }
                return
            }
            // An access token need not survive a crash, and replacing what is kept leaves a moment in which nothing is.
            let given = state.given[profile] ?? inherited.flatMap { try? Credentials(json: $0.revealed, at: clock) }
            if state.kept.contains(profile), let given, given.isSameLogin(as: record) {
                state.given[profile] = given
                return
            }
            // Without memory for a file, or a manager, the record is in this process alone, as it would be without a store.
            guard let json = try? record.json(at: clock), let file = try? SealedFile.make(Secret(json)) else { return }
            defer { close(file) }
            // The store would keep both, and does not say which is the newer.
            if state.kept.contains(profile) { Self.drop(profile, &state) }
            guard ServiceManager.store(file, as: Self.namePrefix + profile) else { return }
            state.given[profile] = record
            state.kept.insert(profile)
        }
    }

    private static func drop(_ profile: String, _ state: inout State) {
        ServiceManager.removeStored(namePrefix + profile)
        state.given[profile] = nil
        state.kept.remove(profile)
    }
}

extension Credentials {
    /// Whether they are the same but for access and ID tokens.
    fileprivate func isSameLogin(as other: Credentials) -> Bool {
        binding == other.binding && signedInAt == other.signedInAt && refreshToken == other.refreshToken
            && refusal == other.refusal && refreshingSince == other.refreshingSince
    }
}
