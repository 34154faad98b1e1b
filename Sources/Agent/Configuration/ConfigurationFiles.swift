/// Where the configuration files are (XDG Base Directory Specification).
package struct ConfigurationFiles: Sendable {
    /// The one that `postern profile add` edits.
    package let user: String
    /// Least important first, the user's last.
    package let inOrder: [String]

    package init(environment: [String: String]) {
        user = HomeDirectory.directory("XDG_CONFIG_HOME", or: ".config", in: environment) + "/postern/postern.conf"
        let system = (environment["XDG_CONFIG_DIRS"] ?? "").split(separator: ":").filter { $0.hasPrefix("/") }
        let directories = system.isEmpty ? ["/etc/xdg"] : system.map(String.init)
        inOrder = directories.reversed().map { $0 + "/postern/postern.conf" } + [user]
    }
}
