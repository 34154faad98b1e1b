/// Where the configuration files are (XDG Base Directory Specification).
package struct ConfigurationFiles: Sendable {
    /// The one that `postern profile add` edits.
    package let user: String
    /// Least important first, the user's last.
    package let inOrder: [String]

    package init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }  // the specification ignores relative paths
        }
        user = (value("XDG_CONFIG_HOME") ?? (value("HOME") ?? "") + "/.config") + "/postern/postern.conf"
        let system = (environment["XDG_CONFIG_DIRS"] ?? "").split(separator: ":").filter { $0.hasPrefix("/") }
        let directories = system.isEmpty ? ["/etc/xdg"] : system.map(String.init)
        inOrder = directories.reversed().map { $0 + "/postern/postern.conf" } + [user]
    }
}
