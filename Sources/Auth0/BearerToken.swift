extension Secret {
    /// Whether it can stand in an `Authorization` header: it is visible ASCII. RFC 6750, section 2.1, allows less, RFC 6749, appendix A.12, the space too;
    /// a line break would become a header of the sender's choice.
    package var isBearerToken: Bool {
        let bytes = revealed.utf8
        return !bytes.isEmpty && bytes.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
