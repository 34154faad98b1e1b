import Foundation

/// What an `mfa_token` stands for: a request that waits for the second factor.
struct MFASession: Sendable {
    enum Purpose: Sendable {
        case signIn(Authorization)
        /// The refresh token stays as it is until the factor is proven; audience and scope are the request's.
        case refresh(token: String, audience: String?, scope: String?)
        /// An access token for the MFA API: it enrols, and confirms what it has enrolled.
        case management(Authorization)
    }

    let token: String
    let clientID: String
    let userID: String
    let purpose: Purpose
    let expires: Date
    var polls: RateLimit
    /// It has brought its tokens.
    var isSpent = false

    var isManagement: Bool {
        if case .management = purpose { true } else { false }
    }
}
