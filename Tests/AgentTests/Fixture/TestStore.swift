import Agent
import KeyringProtocol
import PosternProtocol

/// A keyring in memory that a test can lock, break and hold, and that remembers what it was given.
final class TestStore: SecretStore {
    struct State: Sendable {
        var secrets: [KeyringItem: String] = [:]
        /// What every call fails with, if it fails.
        var failure: SecretStoreError?
        /// Saves and deletes fail from the one with this number on, counted from 1.
        var failsFrom: Int?
        /// Every call so far: loads, saves and deletes.
        var calls = 0
        /// The call with this number fails, counted from 1; with `isLasting` those after it too.
        var failingCall: (number: Int, isLasting: Bool, failure: SecretStoreError)?
        var isHolding = false
        /// Every session record that was saved, oldest first.
        var records: [String] = []
        /// Saves and deletes of session records, failed ones too.
        var attempts = 0
        /// Calls that wait for ``release()``.
        var held = 0
        /// What a person does about the dialog that ``TestStore/unlock()`` stands for; nil is nothing yet.
        var answer: UnlockOutcome? = .unlocked
        /// How often somebody wanted it.
        var unlocks = 0
        /// Both names mean the same collection.
        var isOneCollection = false
        /// The default collection is locked, and the session's, which never is, can be used.
        var isDefaultLocked = false
        var followers: [AsyncStream<KeyringState>.Continuation] = []

        func place(of item: KeyringItem) -> KeyringItem {
            var item = item
            if isOneCollection { item.collection = .default }
            return item
        }

        func isLocked(_ item: KeyringItem) -> Bool { isDefaultLocked && place(of: item).collection == .default }

        var keyring: KeyringState {
            switch failure {
            case nil, .storageFull, .corrupt: isDefaultLocked ? .locked : .available
            case .locked: .locked
            case .absent, .noCollection: .absent
            case .failing: .failing
            }
        }
    }

    let state = Watched(State())

    /// Every call fails like this from now on; nil heals the store.
    func fail(_ failure: SecretStoreError?) {
        state.change { state in
            state.failure = failure
            state.failsFrom = nil
            for follower in state.followers { follower.yield(state.keyring) }
        }
    }

    /// How a person answers the dialog, now and from now on; nil leaves it open.
    func answer(_ answer: UnlockOutcome?) {
        state.change { $0.answer = answer }
    }

    /// Waits until somebody follows the store's state.
    func followed() async throws {
        try await state.wait { $0.followers.isEmpty ? nil : true }
    }

    /// The session record's next writes succeed `count` times, then fail.
    func fail(_ failure: SecretStoreError, afterWrites count: Int) {
        state.change { state in
            state.failure = failure
            state.failsFrom = state.attempts + count + 1
        }
    }

    /// The `number`th call from now on fails, and if it is to last, every one after it; the keyring's state stays as it is.
    func failCall(_ number: Int, isLasting: Bool, with failure: SecretStoreError = .failing("on order")) {
        state.change { state in
            state.calls = 0
            state.failingCall = (number, isLasting, failure)
        }
    }

    /// Counts a call, and says what it is to fail with, if it is to fail.
    private func failureOfCall() -> SecretStoreError? {
        state.change { state in
            state.calls += 1
            guard let (number, isLasting, failure) = state.failingCall else { return nil }
            return state.calls == number || isLasting && state.calls > number ? failure : nil
        }
    }

    func hold() {
        state.change { $0.isHolding = true }
    }

    func release() {
        state.change { $0.isHolding = false }
    }

    func callHeld() async throws {
        try await state.wait { $0.held > 0 ? true : nil }
    }

    /// Waits until session records were written, or tried to be, as often as this.
    func attempted(_ count: Int) async throws {
        try await state.wait { $0.attempts >= count ? true : nil }
    }

    /// The record of a profile as it is kept now.
    func record(of profile: String = "work", in collection: KeyringItem.Collection = .default) -> String? {
        state.value.secrets[KeyringItem(kind: .session, profile: profile, collection: collection)]
    }

    /// Waits until it has no record of a profile.
    func forgot(_ profile: String = "work", in collection: KeyringItem.Collection = .default) async throws {
        let item = KeyringItem(kind: .session, profile: profile, collection: collection)
        try await state.wait { $0.secrets[item] == nil ? true : nil }
    }

    /// Loses all that it has.
    func forget() {
        state.change { $0.secrets = [:] }
    }

    func state(mayStart: Bool) async -> KeyringState { state.value.keyring }

    func load(_ item: KeyringItem) async throws(SecretStoreError) -> String? {
        await pass()
        if let failure = failureOfCall() { throw failure }
        let state = state.value
        if let failure = state.failure, state.failsFrom == nil { throw failure }
        if state.isLocked(item) { throw .locked }
        return state.secrets[state.place(of: item)]
    }

    func save(_ secret: String, as item: KeyringItem) async throws(SecretStoreError) {
        try await write(secret, item)
    }

    func delete(_ item: KeyringItem) async throws(SecretStoreError) {
        try await write(nil, item)
    }

    func changes() -> AsyncStream<KeyringState> {
        let (changes, follower) = AsyncStream.makeStream(of: KeyringState.self)
        state.change { $0.followers.append(follower) }
        return changes
    }

    func unlock() async throws(SecretStoreError) -> UnlockOutcome {
        state.change { $0.unlocks += 1 }
        await pass()
        // Thrown by a cancelled wait.
        guard let answer = try? await state.wait(for: { $0.answer }), !Task.isCancelled else { return .abandoned }
        let result: Result<UnlockOutcome, SecretStoreError> = state.change { state in
            if let failure = state.failure, failure != .locked { return .failure(failure) }
            if answer == .unlocked { state.failure = nil }
            return .success(answer)
        }
        return try result.get()
    }

    private func write(_ secret: String?, _ item: KeyringItem) async throws(SecretStoreError) {
        await pass()
        if let failure = failureOfCall() { throw failure }
        let failure: SecretStoreError? = state.change { state in
            if item.kind == .session { state.attempts += 1 }
            if let failure = state.failure, state.attempts >= state.failsFrom ?? 0 { return failure }
            if state.isLocked(item) { return .locked }
            state.secrets[state.place(of: item)] = secret
            if item.kind == .session, let secret { state.records.append(secret) }
            return nil
        }
        if let failure { throw failure }
    }

    private func pass() async {
        guard state.value.isHolding else { return }
        state.change { $0.held += 1 }
        // Cancelled: the test is over, and the call may as well go on.
        _ = try? await state.wait { $0.isHolding ? nil : true }
        state.change { $0.held -= 1 }
    }
}
