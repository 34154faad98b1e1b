import Crypto
import Foundation

/// Lower-case hexadecimal SHA-256, as `rejected` names a token.
func sha256(_ text: String) -> String {
    SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
}
