import OutsideInput

/// Scopes as a tenant says them (RFC 6749, section 3.3).
package enum TenantScope {
    /// What is kept, shown and answered of them, bytes.
    package static let byteLimit = 4096

    /// The names that can be scopes, in their order and each once, as far as they have room. Those that were asked for have it before the others.
    ///
    /// - Parameter requested: at most ``byteLimit`` bytes with the spaces between them.
    package static func cut(_ scope: String, keeping requested: [String] = []) -> String {
        let names = scope.utf8.split(separator: UInt8(ascii: " ")).filter { $0.allSatisfy(isScopeCharacter) }
            .compactMap(
                String.init)
        var seen: Set<String> = []
        let granted = names.filter { seen.insert($0).inserted }
        let wanted = Set(requested)
        var kept: Set<String> = []
        var left = byteLimit + 1
        for name in granted.filter(wanted.contains) + granted.filter({ !wanted.contains($0) }) {
            left -= name.utf8.count + 1
            guard left >= 0 else { break }
            kept.insert(name)
        }
        return granted.filter(kept.contains).joined(separator: " ")
    }

    /// %x21 / %x23-5B / %x5D-7E.
    private static func isScopeCharacter(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
