package import Foundation

/// How a development tenant is set up. All durations are seconds.
package struct Options: Sendable {
    /// How bad client authentication is answered: sources differ between endpoints and tenants.
    package struct ClientRefusal: Sendable {
        package var status: Int
        package var error: String
        package var description: String

        package init(status: Int, error: String, description: String) {
            self.status = status
            self.error = error
            self.description = description
        }
    }

    /// 0 lets the system choose; it is kept when the same tenant serves again.
    package var port = 0
    package var usesTLS = false
    package var clients = [Client()]
    package var apis = [API()]
    package var connections = [Connection.email, .sms]
    /// Taken when a sign-in names no audience.
    package var defaultAudience: String?

    package var accessTokenLifetime = 86_400
    package var idTokenLifetime = 36_000
    package var codeLifetime: Double = 180
    package var codeAttempts = 3
    package var codeLength = 6

    /// Failed logins in a row until brute-force protection blocks the person.
    package var bruteForceLimit = 10
    /// Calls of `/passwordless/start` without client authentication that one address has in an hour.
    package var startLimit = 50

    package var startClientRefusal = ClientRefusal(
        status: 403, error: "unauthorized_client", description: "Client authentication is required")
    package var tokenClientRefusal = ClientRefusal(
        status: 401, error: "invalid_client", description: "Invalid client credentials")
    /// What the reuse of a rotated refresh token is answered with; the live service tells no more than this.
    package var reuseText = "Unknown or invalid refresh token."
    /// What the sms gateway says, if it fails.
    package var messageProviderError: String?
    /// What a pre-user-registration Action says to newcomers, if it refuses them.
    package var registrationDenial: String?

    /// Keys made before; nil has the tenant make its own, which takes long enough to matter to a hundred tenants in a row.
    package var signingKeys: SigningKeys?
    package var mfa = MFA()

    /// The clock that ``DevTenant/advanceClock(by:)`` adds to.
    package var baseClock: @Sendable () -> Date = { Date() }

    package init() {}
}
