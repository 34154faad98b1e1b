import ArgumentParser
import PosternProtocol

/// `postern whoami`.
struct WhoAmICommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Say who is signed in.",
        discussion: """
            In words, from the ID token's claims; `--json` prints the claims and the token itself.

              postern whoami work
            """)

    @OptionGroup var profile: ProfileArgument
    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: profile.name)
    }

    func run() throws {
        try options.answer(GetIDToken(profile: try options.profile(or: profile.name)), inWords: Self.words)
    }

    static func words(_ response: GetIDToken.Response) -> [Terminal.Line] {
        func claim(_ name: String) -> String? {
            guard case .object(let claims) = response.claims, case .string(let value) = claims[name] else { return nil }
            return value
        }
        let account = Account(
            sub: claim("sub") ?? "", email: claim("email"), phoneNumber: claim("phone_number"), name: claim("name"))
        let rows = [("id     ", claim("sub")), ("profile", response.profile), ("tenant ", claim("iss"))]
        return [.init(account.fullWords, .strong)]
            + rows.compactMap { name, value in value.map { .init("  \(name)  \($0)") } }
    }
}
