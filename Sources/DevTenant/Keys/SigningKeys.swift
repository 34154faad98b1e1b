package import Foundation

/// The tenant's keys: the one that signs, the one that will, and the one that did until it is revoked.
///
/// Making an RSA key takes a good part of a second in a debug build, so each is made when it is first needed.
package struct SigningKeys: Sendable {
    private var current: SigningKey?
    private var next: SigningKey?
    private var previous: SigningKey?

    init() {}

    /// Makes the keys at once, for tests that share them among tenants.
    package init(now: Date) throws {
        _ = try document(now: now)
    }

    /// The key that signs.
    mutating func signing(now: Date) throws -> SigningKey { try Self.made(&current, now: now) }

    mutating func rotate(now: Date) throws {
        previous = try signing(now: now)
        current = try Self.made(&next, now: now)
        next = nil
    }

    mutating func revokePrevious() {
        previous = nil
    }

    /// The key set that `/.well-known/jwks.json` serves: always with the next key too, so that clients know it in time.
    mutating func document(now: Date) throws -> JSON {
        let keys = [try signing(now: now), try Self.made(&next, now: now), previous]
        return ["keys": .array(keys.compactMap { $0?.jwk })]
    }

    private static func made(_ key: inout SigningKey?, now: Date) throws -> SigningKey {
        if let key { return key }
        let made = try SigningKey(now: now)
        key = made
        return made
    }
}
