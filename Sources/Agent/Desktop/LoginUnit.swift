import OutsideInput

/// The user manager's units that ask the person to sign in.
enum LoginUnit {
    /// Signs in to one profile, whose name it takes by `%I`.
    static let template = "postern-login@.service"
    /// Signs in to all profiles that need it.
    static let all = "postern-login.service"

    static func name(for signIn: Notice.SignIn) -> String {
        switch signIn {
        case .profile(let name): "postern-login@\(escaped(name)).service"
        case .all: all
        }
    }

    /// What must be installed so that there is such a unit.
    static func file(for signIn: Notice.SignIn) -> String { signIn == .all ? all : template }

    /// A profile's name as unit names have it, so that `%I` gives it back (systemd.unit(5), "String Escaping for Inclusion in Unit Names").
    private static func escaped(_ name: String) -> String {
        name.utf8.enumerated().map { index, byte in
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "/": return "-"
            case "." where index == 0: break
            case "a"..."z", "A"..."Z", "0"..."9", ":", "_", ".": return String(scalar)
            default: break
            }
            return "\\x" + [byte].hexadecimal
        }.joined()
    }
}
