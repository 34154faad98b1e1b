/// A message the tenant would have sent.
package struct Message: Sendable, Codable, Hashable {
    /// Counts from 0 over the whole outbox.
    package let index: Int
    package let to: String
    /// Or the channel of a second factor: `sms`, `voice`, `email`.
    package let connection: String
    /// A magic link's message carries its code in the link.
    package let code: String
    package let link: String?
    package let language: String?
    package let forwardedFor: String?
    /// Unix seconds by the tenant's clock.
    package let sentAt: Int
}
