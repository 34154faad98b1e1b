import Glibc

/// A host and perhaps a port, as a URL has them (RFC 3986, section 3.2): a name in letters, digits and hyphens (RFC 1123, section 2.1), or an IP literal.
///
/// Letters become small ones: a host means the same in either case, while the `iss` claim, in which tenants write small letters, is compared to the letter.
struct HostAndPort: CustomStringConvertible {
    /// An IPv6 address is in brackets.
    private let host: String
    private let port: Int?

    var description: String {
        port.map { "\(host):\($0)" } ?? host
    }

    init(_ text: some StringProtocol) throws(Issuer.Invalid) {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw Issuer.Invalid(
                reason:
                    "has a host name in other letters than a to z; write it in its ASCII form, whose labels begin with xn--"
            )
        }
        let text = text.lowercased()
        let (name, port): (Substring, Substring?)
        if text.hasPrefix("[") {
            let end = text.firstIndex(of: "]") ?? text.startIndex
            name = text[...end]
            let rest = text[end...].dropFirst()
            guard rest.isEmpty || rest.hasPrefix(":"), Self.isIPv6(name.dropFirst().dropLast()) else {
                throw Issuer.Invalid(reason: "has no IPv6 address between its brackets")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else {
                throw Issuer.Invalid(
                    reason: "must have an IPv6 address in brackets, such as [::1], and one port at most")
            }
            (name, port) = (parts[0], parts.dropFirst().first)
            guard Self.isName(name) else {
                throw Issuer.Invalid(
                    reason: "must be a host name of letters, digits and hyphens between dots, or an IP address")
            }
        }
        host = String(name)
        self.port = try port.map { (digits) throws(Issuer.Invalid) in
            // Not `Int` alone, which also reads a sign.
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(digits), (1...65_535).contains(number)
            else { throw Issuer.Invalid(reason: "must have a port from 1 to 65535 after its colon, or none") }
            return number
        }
    }

    /// Whether only this machine can be meant.
    var isLoopback: Bool {
        host == "localhost" || host.hasPrefix("127.") && Self.isIPv4(host[...])
            || host.hasPrefix("[") && Self.isIPv6Loopback(host.dropFirst().dropLast())
    }

    private static func isName(_ text: Substring) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...253).contains(text.utf8.count), labels.allSatisfy(isLabel),
            let last = labels.last.map(Substring.init)
        else { return false }
        // What ends in a number is an address for the resolver, which would read "127.1" and "0x7f000001" too (inet_aton(3)).
        let isNumber =
            last.allSatisfy(\.isNumber) || last.hasPrefix("0x") && last.dropFirst(2).allSatisfy(\.isHexDigit)
        return !isNumber || isIPv4(text)
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == hyphen
            }
    }

    private static func isIPv4(_ text: Substring) -> Bool {
        var address = in_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET, String(text), &address) == 1
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        var address = in6_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET6, String(text), &address) == 1
    }

    private static func isIPv6Loopback(_ text: Substring) -> Bool {
        var address = in6_addr()
        guard inet_pton(AF_INET6, String(text), &address) == 1 else { return false }
        return withUnsafeBytes(of: &address) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
    }
}
