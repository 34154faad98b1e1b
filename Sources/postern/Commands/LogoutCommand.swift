import ArgumentParser
import FoundationEssentials
import PosternProtocol

/// `postern logout`.
struct LogoutCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Sign out: forget the tokens here and revoke them at the tenant.",
        discussion: """
            Asks nothing. Exits 75 if something remains to be done, and says what. With --all, --json prints an object \
            with each profile's answer under its name.

              postern logout work
            """)

    @OptionGroup var profile: ProfileArgument

    @Flag(help: "Sign out of every profile.")
    var all = false

    @Flag(name: .customLong("no-revoke"), help: "Do not tell the tenant.")
    var withoutRevoking = false

    @OptionGroup var options: AgentOptions

    func validate() throws {
        if all, profile.name != nil || options.profile != nil {
            throw ValidationError("Either --all or a profile, not both.")
        }
        _ = try options.profile(or: profile.name)
    }

    func run() throws {
        let client = try options.connect()
        let terminal = Terminal()
        guard all else {
            let answer = try client.call(request(try options.profile(or: profile.name)))
            if options.json { try terminal.answer(json: answer.json) }
            return try tell(answer.value, profile: nil, terminal)
        }
        var answers: [String] = []
        var failures: [Failure] = []
        for name in try client.call(ListProfiles()).value.profiles.map(\.name) {
            do {
                let answer = try client.call(request(name))
                answers.append("\(String(decoding: try JSONEncoder().encode(name), as: UTF8.self)):\(answer.json)")
                try tell(answer.value, profile: name, terminal)
            } catch let failure as Failure {
                // The other profiles are signed out all the same.
                failures.append(failure)
            }
        }
        if options.json { try terminal.answer(json: "{\(answers.joined(separator: ","))}") }
        for failure in failures.dropLast() {
            terminal.report(failure, json: options.json)
        }
        if let last = failures.last { throw last }
    }

    private func request(_ profile: String?) -> Logout {
        Logout(profile: profile, revoke: withoutRevoking ? false : nil)
    }

    private func tell(_ response: Logout.Response, profile: String?, _ terminal: Terminal) throws(Failure) {
        try response.tell(profile: profile, withoutRevoking: withoutRevoking, terminal)
    }
}

extension Logout.Response {
    /// Says what was done, or throws what remains to be done.
    func tell(profile: String?, withoutRevoking: Bool = false, _ terminal: Terminal) throws(Failure) {
        let response = self
        let name = profile.map { "\($0): " } ?? ""
        var remains: [String] = []
        if !response.deleted {
            remains.append(
                "The keyring still has the refresh token: the agent deletes it as soon as the keyring can be reached.")
        }
        if !response.revoked, !withoutRevoking {
            remains.append(
                "The tenant has not revoked the sign-in: it stays valid there until it expires or is revoked by hand."
            )
        }
        guard !remains.isEmpty else {
            let done = response.revoked && !withoutRevoking ? "Signed out, and revoked at the tenant." : "Signed out."
            return terminal.say(name + done)
        }
        var failure = Failure("\(name)Signed out here, but something remains.", status: ExitStatus.tryAgain)
        failure.advice = remains + [response.reason].compactMap { $0.map { "Reason: \($0)" } }
        throw failure
    }
}
