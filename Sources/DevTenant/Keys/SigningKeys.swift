package import Foundation

/// The tenant's keys: the one that signs, the one that will, and the one that did until it is revoked.
package struct SigningKeys: Sendable {
    private(set) var current: SigningKey
    private var next: SigningKey
    private var previous: SigningKey?

    package init(now: Date) throws {
        current = try SigningKey(now: now)
        next = try SigningKey(now: now)
    }

    mutating func rotate(now: Date) throws {
        previous = current
        current = next
        next = try SigningKey(now: now)
    }

    mutating func revokePrevious() {
        previous = nil
    }

    /// The key set that `/.well-known/jwks.json` serves.
    var document: JSON {
        ["keys": .array([current, next, previous].compactMap { $0?.jwk })]
    }
}
