import Glibc

/// The person's home directory, and what the XDG Base Directory Specification puts below it.
enum HomeDirectory {
    /// The directory that a variable names, or its standard place below the home directory. The specification ignores relative paths.
    static func directory(_ variable: String, or standard: String, in environment: [String: String]) -> String {
        absolute(environment[variable]) ?? (path(environment) + "/" + standard)
    }

    /// `HOME`; without it, what the user database says, as for a service of the system's (environ(7), getpwuid(3)).
    static func path(_ environment: [String: String]) -> String {
        absolute(environment["HOME"]) ?? ofUserDatabase ?? ""
    }

    private static func absolute(_ path: String?) -> String? {
        path.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    private static var ofUserDatabase: String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        // Grows until the entry has room (getpwuid_r(3)); a megabyte is no entry any more.
        for size in [1 << 10, 1 << 14, 1 << 20] {
            var buffer = [CChar](repeating: 0, count: size)
            let code = getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found)
            if code == ERANGE { continue }
            guard code == 0, found != nil, let home = entry.pw_dir else { return nil }
            return absolute(String(cString: home))
        }
        return nil
    }
}
