extension Secret {
    /// Whether it can stand in an `Authorization` header (RFC 6750, section 2.1): visible ASCII characters alone, as a line break in it would become a
    /// header of the tenant's choice.
    package var isBearerToken: Bool {
        let bytes = revealed.utf8
        return !bytes.isEmpty && bytes.allSatisfy { (UInt8(ascii: "!")...UInt8(ascii: "~")).contains($0) }
    }
}
