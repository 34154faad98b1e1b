/// Where the agent listens and its clients connect.
package enum SocketPath {
    /// `$POSTERN_SOCKET`, else `$XDG_RUNTIME_DIR/postern/agent.sock`; nil if the environment names neither.
    ///
    /// There is no third place: a socket in a directory that others can write, such as /tmp, could be somebody else's.
    package static func fromEnvironment(_ environment: [String: String]) -> String? {
        if let path = environment["POSTERN_SOCKET"], !path.isEmpty {
            return path
        }
        guard let directory = environment["XDG_RUNTIME_DIR"], !directory.isEmpty else { return nil }
        return directory + "/postern/agent.sock"
    }
}
