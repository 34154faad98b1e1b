import CLibsecret
import KeyringProtocol

extension KeyringItem {
    /// What people see in their keyring application.
    var label: String {
        switch kind {
        case .session: "Postern: \(profile)"
        case .clientSecret: "Postern: client secret of \(profile)"
        case .probe: "Postern: can this keyring be written?"
        }
    }

    /// The attributes by which the item is stored and found, passed to `body` as libsecret wants them.
    ///
    /// There is no `xdg:schema` among them: gnome-keyring does not match it in a keyring that was never unlocked
    /// (gnome-keyring issue 89).
    func withAttributes<Result, Failure: Error>(
        _ body: (OpaquePointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)
        defer { g_hash_table_unref(table) }
        for (name, value) in [("application", "postern"), ("kind", kind.rawValue), ("profile", profile)] {
            g_hash_table_insert(table, g_strdup(name), g_strdup(value))
        }
        return try body(table)
    }
}
