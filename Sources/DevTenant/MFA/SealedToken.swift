import Foundation
import OutsideInput

/// The look of `mfa_token` and `oob_code`: eight fields between asterisks, as the iron format has them.
///
/// Only the expiry says anything; what a token stands for is kept here, not sealed into it.
enum SealedToken {
    /// Recorded OOB codes have about 600 characters, an MFA token can have more than a thousand.
    static let oobCodeBytes = 256
    static let mfaTokenBytes = 1024

    static func make(bytes: Int, expires: Date) -> String {
        [
            "Fe26.2", "SERVER_1700000000", RandomText.hex(digits: 64), RandomText.token(bytes: 16),
            RandomText.token(bytes: bytes),
            String(Bounded.whole(expires.timeIntervalSince1970 * 1000, in: 0...Int.max) ?? 0),
            RandomText.hex(digits: 64), RandomText.token(bytes: 32),
        ].joined(separator: "*")
    }
}
