import ArgumentParser
import PosternProtocol

/// `postern profiles`.
struct ProfilesCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "profiles",
        abstract: "List the profiles.",
        discussion: """
            One line each: name, state, account and tenant. `postern status` tells more.

              postern profiles
            """)

    @OptionGroup var options: AgentOptions

    func run() throws {
        try options.answer(ListProfiles()) { response in
            StatusReport(now: Moment.now).table(try response.profiles.named(options.profile))
        }
    }
}

extension [ProfileStatus] {
    /// The one profile asked for, or all of them.
    func named(_ name: String?) throws(Failure) -> [ProfileStatus] {
        guard let name else { return self }
        let found = filter { $0.name == name }
        guard found.isEmpty else { return found }
        throw Failure(
            AgentError(.unknownProfile, "There is no profile \(name).") { $0.profiles = self.map(\.name) })
    }
}
