import Glibc

/// The IP address that a person has come from by ssh.
struct RemoteAddress {
    let text: String

    /// Nil if the connection names none that means something to others: sshd may write UNKNOWN, and an address that is good on one link alone has that
    /// link's name behind it (RFC 4007, section 11).
    ///
    /// - Parameter connection: `SSH_CONNECTION`, where the client's address comes first (ssh(1), ENVIRONMENT).
    init?(connection: String) {
        guard let address = connection.split(separator: " ").first.map(String.init) else { return nil }
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, address, &four) == 1 {
            text = address
        } else if inet_pton(AF_INET6, address, &six) == 1 {
            let isLinkLocal = withUnsafeBytes(of: six) { $0[0] == 0xFE && $0[1] & 0xC0 == 0x80 }
            guard !isLinkLocal else { return nil }
            text = address
        } else {
            return nil
        }
    }
}
