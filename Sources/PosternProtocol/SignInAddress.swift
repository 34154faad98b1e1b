/// An e-mail address or phone number that codes are sent to, as it is compared: two spellings of one address are equal.
package struct SignInAddress: Hashable, Sendable {
    /// A phone number without what groups its digits; an e-mail address in lower case. Two spellings of a letter with an accent are equal
    /// strings (the Unicode Standard, section 3.7).
    package let normalized: String

    package init(_ text: String) {
        let scalars = text.unicodeScalars.filter { !$0.properties.isWhitespace }
        let isPhone = scalars.first == "+" && !scalars.contains("@")
        guard isPhone else {
            // A mailbox is told apart by case at hardly any host, a host by none; the dot of its root is not part of its name (RFC 1034, section 3.1).
            let address = String(String.UnicodeScalarView(scalars)).lowercased()
            normalized = address.contains("@") ? String(address.reversed().drop { $0 == "." }.reversed()) : address
            return
        }
        normalized = String(
            String.UnicodeScalarView(scalars.filter { !$0.properties.isDash && $0 != "(" && $0 != ")" }))
    }
}
