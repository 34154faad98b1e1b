/// Where the agent listens and its clients connect.
package enum SocketPath {
    /// `$POSTERN_SOCKET`, else `$XDG_RUNTIME_DIR/postern/agent.sock`; nil if the environment names neither.
    ///
    /// There is no third place: a socket in a directory that others can write, such as /tmp, could be somebody else's.
    ///
    /// - Parameter variable: the value of an environment variable.
    package static func fromEnvironment(_ variable: (String) -> String?) -> String? {
        if let path = variable("POSTERN_SOCKET"), !path.isEmpty {
            return path
        }
        guard let directory = variable("XDG_RUNTIME_DIR"), !directory.isEmpty else { return nil }
        return directory + "/postern/agent.sock"
    }
}
