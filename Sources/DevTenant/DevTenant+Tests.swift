import Foundation

/// What a test in the same process, or a person through the control endpoints, does with a tenant.
extension DevTenant {
    // MARK: Messages

    /// Waits for the next message to `address` that was not asked for before.
    package func nextMessage(for address: String) async throws -> Message {
        try await wait { $0.outbox.readNext(to: address) }
    }

    /// Waits for the next code to `address` that was not asked for before.
    package func nextCode(for address: String) async throws -> String {
        try await nextMessage(for: address).code
    }

    /// Waits for the message with this index, whomever it is to.
    package func message(at index: Int) async throws -> Message {
        try await wait { $0.outbox.messages.indices.contains(index) ? $0.outbox.messages[index] : nil }
    }

    package var messages: [Message] { outbox.messages }

    // MARK: Requests

    package func requests(to endpoint: Endpoint? = nil, grant: Grant? = nil) -> [RecordedRequest] {
        log.requests(to: endpoint, grant: grant)
    }

    /// Waits until `count` such requests have arrived, answered or not, and returns the last of them.
    @discardableResult
    package func requestArrived(
        at endpoint: Endpoint, grant: Grant? = nil, count: Int = 1
    ) async throws -> RecordedRequest {
        try await wait { tenant in
            let requests = tenant.log.requests(to: endpoint, grant: grant)
            return requests.count >= count ? requests[count - 1] : nil
        }
    }

    /// Waits until `count` such requests have been answered, and returns the last of them.
    @discardableResult
    package func requestAnswered(
        at endpoint: Endpoint, grant: Grant? = nil, count: Int = 1
    ) async throws -> RecordedRequest {
        try await wait { tenant in
            let requests = tenant.log.requests(to: endpoint, grant: grant).filter { $0.status != nil }
            return requests.count >= count ? requests[count - 1] : nil
        }
    }

    package func forgetRequests() {
        log.removeAll()
    }

    // MARK: Faults

    package func order(_ fault: Fault, at endpoint: Endpoint, grant: Grant? = nil, times: Int = 1) {
        faults.add(fault, endpoint: endpoint, grant: grant, times: times)
    }

    package func cancelFaults() {
        faults.removeAll()
    }

    /// Waits until a request is held by ``Fault/hold`` or its answer by ``Fault/holdAnswer``.
    @discardableResult
    package func requestHeld(at endpoint: Endpoint, grant: Grant? = nil) async throws -> RecordedRequest {
        try await wait { tenant in
            tenant.log.requests(to: endpoint, grant: grant).first { tenant.held.contains($0.index) }
        }
    }

    /// Lets every held request go on.
    package func release() {
        held = []
        announce()
    }

    // MARK: People and tokens

    package func block(_ address: String, _ isBlocked: Bool = true) {
        change(address) { $0.isBlocked = isBlocked }
    }

    /// A post-login Action refuses this person with these words from now on; nil lets them in again.
    package func deny(_ address: String, _ text: String?) {
        change(address) { $0.denial = text }
    }

    /// Lifts a brute-force block.
    package func forgiveFailures(of address: String) {
        change(address) { $0.failures = 0 }
    }

    package func deleteUser(_ address: String) {
        for user in users.find(address) { users.remove(user.id) }
    }

    /// Ends every refresh token of a person, as an administrator would.
    package func revokeRefreshTokens(of address: String) {
        let ids = Set(users.find(address).map(\.id))
        refreshTokens.revokeFamilies { ids.contains($0.userID) }
    }

    private func change(_ address: String, _ change: (inout User) -> Void) {
        for user in users.find(address) { users.update(user.id, change) }
    }

    // MARK: Keys and secrets

    /// The next key signs from now on; the one before stays in the key set.
    package func rotateKeys() throws {
        try signingKeys.rotate(now: now)
    }

    /// Takes the key before the current one out of the key set.
    package func revokePreviousKey() {
        signingKeys.revokePrevious()
    }

    /// Every secret the tenant issued or was sent, oldest first.
    package var knownSecrets: [KnownSecret] { secrets.secrets }
}
