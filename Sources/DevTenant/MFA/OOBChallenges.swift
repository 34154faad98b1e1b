import Foundation

/// How a person's refusal of a push notification reaches the client: sources disagree.
package enum PushDenial: String, Sendable, CaseIterable {
    /// As recorded.
    case accessDenied400
    /// As documented.
    case invalidGrant403
}

/// What an `oob_code` stands for.
struct OOBChallenge: Sendable {
    enum PushAnswer: Sendable {
        case approved
        case denied(PushDenial)
    }

    enum Proof: Sendable {
        /// The code of a message, to be given back as `binding_code`.
        case code(String)
        /// Nil until the person has answered on the phone.
        case push(PushAnswer?)
    }

    /// The `mfa_token` it belongs to.
    let session: String
    let userID: String
    let authenticatorID: String
    let expires: Date
    var proof: Proof
    /// When it was last asked whether the person has answered.
    var lastPoll: Date?
    /// A newer one for the same authenticator has taken its place.
    var isSuperseded = false
}

/// The challenges that are out, by `oob_code`.
struct OOBChallenges: Sendable {
    private var challenges: [String: OOBChallenge] = [:]
    private var order: [String] = []

    subscript(code: String) -> OOBChallenge? { challenges[code] }

    mutating func add(_ challenge: OOBChallenge, code: String) {
        for (older, other) in challenges
        where other.session == challenge.session && other.authenticatorID == challenge.authenticatorID {
            challenges[older]?.isSuperseded = true
        }
        challenges[code] = challenge
        order.append(code)
    }

    /// Answers the newest notification that waits on one of the users' phones; false if none does.
    mutating func answerPush(_ answer: OOBChallenge.PushAnswer, of users: Set<String>, now: Date) -> Bool {
        let waiting = order.last { code in
            guard let challenge = challenges[code], users.contains(challenge.userID), !challenge.isSuperseded,
                now < challenge.expires, case .push(nil) = challenge.proof
            else { return false }
            return true
        }
        guard let waiting else { return false }
        challenges[waiting]?.proof = .push(answer)
        return true
    }

    /// Notes a poll; false if it comes sooner than `interval` seconds after the one before.
    mutating func poll(_ code: String, interval: Double, now: Date) -> Bool {
        defer { challenges[code]?.lastPoll = now }
        return challenges[code]?.lastPoll.map { now >= $0 + interval } ?? true
    }

    mutating func removeAll(of session: String) {
        challenges = challenges.filter { $0.value.session != session }
        order.removeAll { challenges[$0] == nil }
    }
}
