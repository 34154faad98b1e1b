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
    /// How the names in the manager's store begin; a serial number and the profile's name follow. Of two records of a profile the one with the higher
    /// number is the newer: it is stored before the other is removed, so that there is one at any time.
    static let namePrefix = "unsaved."

    private struct State {
        var isEnabled = true
        /// Left by an earlier process and not taken yet, by profile, the newest last. A profile may be missing because the configuration is bad at the moment.
        var inherited: [String: [(serial: Int, record: Secret)]] = [:]
        /// What the manager was given, by profile.
        var given: [String: Credentials] = [:]
        /// The serial numbers of the records that the manager has, by profile.
        var kept: [String: Set<Int>] = [:]
        var lastSerial: [String: Int] = [:]
    }

    private let state: Mutex<State>

    /// - Parameter inherited: descriptors by their names in the store. They are closed; the manager has its own.
    package init(inherited: [(name: String, descriptor: CInt)] = []) {
        var state = State()
        for (name, descriptor) in inherited {
            defer { close(descriptor) }
            guard let (serial, profile) = Self.parse(name), let record = SealedFile.read(descriptor) else {
                // Never given by a program like this one.
                ServiceManager.removeStored(name)
                continue
            }
            state.lastSerial[profile] = max(state.lastSerial[profile] ?? 0, serial)
            state.kept[profile, default: []].insert(serial)
            state.inherited[profile, default: []].append((serial, record))
            state.inherited[profile]?.sort { $0.serial < $1.serial }
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
                for profile in state.kept.keys { Self.drop(profile, &state) }
            }
        }
    }

    /// Whether the manager keeps a record of this profile.
    func isKept(of profile: String) -> Bool {
        state.withLock { $0.kept[profile] != nil }
    }

    /// The newest record that an earlier process left, until another, or none, is ``set(_:of:at:)``.
    func inherited(of profile: String) -> Secret? {
        state.withLock { $0.inherited[profile]?.last?.record }
    }

    /// The newest record that an earlier process left has turned out to be none. An older one may be.
    func dropInherited(of profile: String) {
        state.withLock { state in
            guard let damaged = state.inherited[profile]?.popLast() else { return }
            state.kept[profile]?.remove(damaged.serial)
            if state.kept[profile]?.isEmpty == true { state.kept[profile] = nil }
            ServiceManager.removeStored(Self.name(damaged.serial, profile))
        }
    }

    /// Has the manager keep this record, or none. Those that an earlier process left are of no use from then on.
    func set(_ record: Credentials?, of profile: String, at clock: any AgentClock) {
        state.withLock { state in
            state.inherited[profile] = nil
            guard let record, state.isEnabled else { return Self.drop(profile, &state) }
            guard state.given[profile] != record else { return }
            // No number is higher than the highest: after it comes the first, once nothing is left that would seem to be newer.
            if state.lastSerial[profile] == Self.highestSerial {
                Self.drop(profile, &state)
                state.lastSerial[profile] = nil
            }
            let serial = (state.lastSerial[profile] ?? 0) + 1
            // Without memory for a file, or a manager, the record is in this process alone, as it would be without a store.
            let older = (state.kept[profile] ?? []).map { Self.name($0, profile) }
            guard Self.store(record, as: Self.name(serial, profile), inPlaceOf: older, at: clock) else {
                if state.given[profile]?.refreshToken != record.refreshToken { Self.drop(profile, &state) }
                return
            }
            state.lastSerial[profile] = serial
            state.given[profile] = record
            state.kept[profile] = [serial]
        }
    }

    private static func store(
        _ record: Credentials, as name: String, inPlaceOf older: [String], at clock: any AgentClock
    ) -> Bool {
        guard let json = try? record.json(at: clock), let file = try? SealedFile.make(Secret(json)) else {
            return false
        }
        defer { close(file) }
        return ServiceManager.store(file, as: name, inPlaceOf: older)
    }

    private static func drop(_ profile: String, _ state: inout State) {
        state.given[profile] = nil
        for serial in state.kept.removeValue(forKey: profile) ?? [] {
            ServiceManager.removeStored(name(serial, profile))
        }
    }

    private static func name(_ serial: Int, _ profile: String) -> String {
        "\(namePrefix)\(serial).\(profile)"
    }

    /// The highest serial number that is believed; no process ever gets there.
    private static let highestSerial = 1 << 48

    private static func parse(_ name: String) -> (serial: Int, profile: String)? {
        let parts = name.dropFirst(namePrefix.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let serial = Int(parts[0]), (1...highestSerial).contains(serial) else { return nil }
        let profile = String(parts[1])
        // A number that is written in another way could not be named again, to have it dropped.
        guard Profile.isValid(name: profile), self.name(serial, profile) == name else { return nil }
        return (serial, profile)
    }
}
