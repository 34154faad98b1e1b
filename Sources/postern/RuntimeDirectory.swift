import Glibc

/// The directory of what belongs to this person's session and is gone with it.
enum RuntimeDirectory {
    /// The path of a file in `$XDG_RUNTIME_DIR/postern`, or without that variable beside the agent's socket. The directories are made if they are missing;
    /// if they cannot be, opening the file says so.
    ///
    /// - Parameter socket: the agent's.
    static func path(of names: String..., socket: String) -> String {
        var path =
            Environment["XDG_RUNTIME_DIR"].map { $0 + "/postern" }
            ?? String(socket[..<(socket.lastIndex(of: "/") ?? socket.startIndex)])
        if path.isEmpty { path = "." }
        for name in names {
            mkdir(path, 0o700)
            path += "/" + name
        }
        return path
    }
}
