import Crypto
package import Foundation
import OutsideInput

/// Time-based one-time passwords (RFC 6238) as authenticator apps make them: SHA-1, 6 digits, steps of 30 seconds.
package struct TOTP: Sendable {
    /// Seconds.
    static let period = 30
    static let digits = 6

    private let key: SymmetricKey

    /// Nil if `secret` is not base32.
    package init?(secret: String) {
        guard let data = Base32.decode(secret) else { return nil }
        key = SymmetricKey(data: data)
    }

    /// A secret of 160 bits, as long as the hash (RFC 4226, section 4).
    static func newSecret() -> String {
        Base32.encode((0..<20).map { _ in UInt8.random(in: .min ... .max) })
    }

    package func code(at time: Date) -> String {
        code(step: Self.step(at: time))
    }

    /// The step that `code` belongs to, one step before or after `now` included (RFC 6238, section 5.2).
    ///
    /// Nil if it belongs to none that is later than `last`: so a code works once.
    func step(of code: String, at now: Date, after last: Int?) -> Int? {
        let current = Self.step(at: now)
        return (current - 1...current + 1).first { $0 > last ?? .min && self.code(step: $0) == code }
    }

    private static func step(at time: Date) -> Int {
        Bounded.whole(time.timeIntervalSince1970 / Double(period), in: Bounded.times) ?? 0
    }

    /// Dynamic truncation (RFC 4226, section 5.3).
    private func code(step: Int) -> String {
        let counter = withUnsafeBytes(of: UInt64(step).bigEndian) { Data($0) }
        let hash = Array(HMAC<Insecure.SHA1>.authenticationCode(for: counter, using: key))
        let offset = Int(hash[19] & 15)
        let number = hash[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
        let digits = String(number % 1_000_000)
        return String(repeating: "0", count: Self.digits - digits.count) + digits
    }
}
