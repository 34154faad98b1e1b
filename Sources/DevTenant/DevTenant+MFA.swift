/// What a test in the same process, or a person through the control endpoints, does about second factors.
extension DevTenant {
    /// Holds from now on for everybody who has no policy of their own.
    package func setMFAPolicy(_ policy: MFAPolicy) {
        mfaPolicy = policy
    }

    /// Holds from now on for this person, who is made known if need be; nil goes back to the tenant's policy.
    package func setMFAPolicy(_ policy: MFAPolicy?, for address: String) {
        for user in people(address) { users.update(user.id) { $0.mfaPolicy = policy } }
    }

    /// Gives a person these authenticators instead of the ones they had; the person is made known if need be.
    package func setAuthenticators(_ authenticators: [Authenticator], of address: String) {
        for user in people(address) {
            users.update(user.id) { $0.authenticators = [] }
            add(authenticators, to: user)
        }
    }

    /// Gives a person this identifier; the person is made known if need be.
    package func setSubject(_ subject: String, of address: String) {
        for user in people(address) { users.update(user.id) { $0.customSubject = subject } }
    }

    package func authenticators(of address: String) -> [Authenticator] {
        users.find(address).flatMap(\.authenticators)
    }

    /// Waits until the person has a TOTP secret, and gives the code that their newest one makes now.
    package func totpCode(for address: String) async throws -> String {
        try await wait { $0.currentTOTPCode(for: address) }
    }

    /// Waits for a notification on the person's phone, and approves it; for an enrolment: scans the picture.
    package func approvePush(for address: String) async throws {
        try await wait { $0.answerPush(.approved, of: address) ? true : nil }
    }

    /// Waits for a notification on the person's phone, and refuses it.
    package func denyPush(for address: String, as denial: PushDenial = .accessDenied400) async throws {
        try await wait { $0.answerPush(.denied(denial), of: address) ? true : nil }
    }

    /// A post-challenge Action refuses this person with these words from now on; nil lets them in again.
    package func denyAfterChallenge(_ address: String, _ text: String?) {
        for user in users.find(address) { users.update(user.id) { $0.challengeDenial = text } }
    }

    func currentTOTPCode(for address: String) -> String? {
        authenticators(of: address).last { $0.kind == .otp }.flatMap { TOTP(secret: $0.value)?.code(at: now) }
    }

    /// False if no notification waits.
    func answerPush(_ answer: OOBChallenge.PushAnswer, of address: String) -> Bool {
        challenges.answerPush(answer, of: Set(users.find(address).map(\.id)), now: now)
    }

    /// Whoever has this address; without anybody, somebody new in the first connection that takes it.
    private func people(_ address: String) -> [User] {
        let known = users.find(address)
        guard known.isEmpty else { return known }
        let addresses = options.connections.compactMap { Address(address, in: $0) }
        return addresses.prefix(1).map { users.record(for: $0, now: now) }
    }
}
