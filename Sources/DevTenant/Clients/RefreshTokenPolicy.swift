/// An application's `refresh_token` settings, under the names of Auth0's dashboard. All durations are seconds.
package struct RefreshTokenPolicy: Sendable {
    /// What a multi-resource refresh token may be exchanged for besides its own audience.
    package struct Resource: Sendable {
        package var audience: String
        package var scopes: [String]

        package init(audience: String, scopes: [String]) {
            self.audience = audience
            self.scopes = scopes
        }
    }

    package var rotates: Bool
    /// The rotation overlap period (`leeway`): how long the token before the newest still works.
    package var overlap: Double
    /// Counted from the first token of the family; rotation does not extend it.
    package var absoluteLifetime: Double
    /// Counted anew from each exchange.
    package var idleLifetime: Double
    package var resources: [Resource]

    package init(
        rotates: Bool = true, overlap: Double = 0, absoluteLifetime: Double = 2_592_000,
        idleLifetime: Double = 2_592_000, resources: [Resource] = []
    ) {
        self.rotates = rotates
        self.overlap = overlap
        self.absoluteLifetime = absoluteLifetime
        self.idleLifetime = idleLifetime
        self.resources = resources
    }
}
