/// One request as the tenant got it.
package struct RecordedRequest: Sendable, Codable {
    /// Counts from 0 over all requests.
    package let index: Int
    /// Unix seconds by the tenant's clock.
    package let at: Double
    package let endpoint: Endpoint
    package let grant: Grant?
    package let clientID: String?
    package let method: String
    package let path: String
    /// In alphabetical order.
    package let parameterNames: [String]
    /// Lower-case names.
    package let headers: [String: String]
    package let body: String
    /// Nil if the request bore no refresh token, or one this tenant never made.
    package let refreshToken: PresentedRefreshToken?
    /// Nil while there is no answer, and for good if the connection was dropped.
    package internal(set) var status: Int?
}
