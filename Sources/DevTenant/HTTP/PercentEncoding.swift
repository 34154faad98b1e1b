import Foundation

extension String {
    /// With everything encoded but the unreserved characters (RFC 3986, section 2.3).
    var percentEncoded: String {
        let unreserved = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        // Text of Swift is never too broken to be encoded.
        return addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}
