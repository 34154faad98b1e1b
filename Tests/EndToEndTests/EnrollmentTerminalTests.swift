import DevTenant
import Foundation
import TestSupport
import Testing

@Suite("Setting up factors at the terminal")
struct EnrollmentTerminalTests {
    /// What is typed to set a factor up, and what is said once it is.
    struct Way: Sendable, CustomTestStringConvertible {
        var name: String
        /// Typed where a number or an address is asked for, which is where the code is sent.
        var address: String?
        var active: Set<Authenticator.Kind>
        var done: String

        var testDescription: String { name }
    }

    private static let ways = [
        Way(name: "otp", active: [.otp], done: "The authenticator app is set up."),
        Way(name: "sms", address: Reachable.phone, active: [.sms, .voice], done: "Text messages are set up."),
        Way(name: "voice", address: Reachable.phone, active: [.sms, .voice], done: "Phone calls are set up."),
        Way(name: "email", address: Reachable.mailbox, active: [.email], done: "E-mail is set up."),
        Way(name: "push", active: [.push, .otp], done: "Push notifications are set up."),
    ]

    @Test("a factor that has to be set up is chosen, shown, confirmed and used", arguments: ways)
    func signIn(_ way: Way) async throws {
        try await withFactors([]) { agent in
            try await agent.withTerminal("login") { terminal in
                try await agent.typeOneTimeCode(terminal)
                let words = try await terminal.shows("Which one (1-5): ")
                #expect(words.contains("The tenant wants a second factor to be set up."))
                try terminal.type(way.name + "\n")
                try await typeAddress(of: way, terminal)
                try await acknowledgeRecoveryCode(terminal, agent)
                try await confirm(way, terminal, agent)
                try await terminal.shows(way.done)
                try await terminal.shows("Signed in as ada@example.com (profile work)")
                let result = try await terminal.end()
                #expect(result.exit == .status(0))
                #expect(result.output.isEmpty)
            }
            #expect(await agent.activeFactors() == way.active.union([.recoveryCode]))
        }
    }

    @Test("postern mfa lists, sets up and removes factors, after a sign-in where the tenant wants one")
    func management() async throws {
        try await withFactors([.init(.otp, device: "dev_app")], Options()) { agent in
            try await agent.signIn()
            let token = try await agent.token()
            // The sign-in is good for what follows at the terminal.
            let commands = ["list", "enroll sms --phone \(Reachable.phone)", "list", "remove 'totp|dev_app'"]
            try await agent.withTerminalShell(commands.map { "\"$0\" mfa \($0)" }.joined(separator: " && ")) {
                try await $0.shows("The tenant wants a fresh sign-in before your factors can be managed.")
                try await signIn($0, agent)
                try await acknowledgeRecoveryCode($0, agent)
                try await confirm(Self.ways[1], $0, agent)
                let result = try await $0.end()
                #expect(result.exit == .status(0))
                #expect(result.output.contains("totp|dev_app"))
                #expect(result.output.split(separator: "\n").count == 5)
                #expect(result.error.contains(Self.ways[1].done))
            }
            #expect(await agent.activeFactors() == [.sms, .voice, .recoveryCode])
            #expect(try await agent.token() == token)
        }
    }

    @Test("the commands of one terminal's session share a sign-in, another terminal's do not")
    func session() async throws {
        try await withFactors([.init(.otp, device: "dev_app")], Options()) { agent in
            try await agent.signIn()
            try await agent.withTerminalShell("\"$0\" mfa list && \"$0\" mfa remove 'totp|dev_app'") { terminal in
                try await signIn(terminal, agent)
                let result = try await terminal.end()
                #expect(result.exit == .status(0))
                #expect(result.error.contains("Removed."))
                #expect(result.error.components(separatedBy: "fresh sign-in").count == 2)
            }
            #expect(await agent.activeFactors().isEmpty)
            try await agent.withTerminal("mfa", "list") { terminal in
                try await terminal.shows("The tenant wants a fresh sign-in before your factors can be managed.")
                try await agent.typeOneTimeCode(terminal)
                #expect(try await terminal.end().exit == .status(0))
            }
        }
    }

    /// Signs in for the management of factors, by the app where it is to be chosen.
    private func signIn(_ terminal: Terminal, _ agent: RunningAgent) async throws {
        try await agent.typeOneTimeCode(terminal)
        try await terminal.shows("authenticator app: ")
        try terminal.type(try await agent.totpCode + "\n")
    }

    @Test("Ctrl-C while a factor is set up leaves everything as it was")
    func interrupted() async throws {
        try await withFactors([], Options()) { agent in
            try await agent.signIn()
            let token = try await agent.token()
            try await agent.withTerminal("mfa", "enroll", "otp") { terminal in
                try await agent.typeOneTimeCode(terminal)
                try await acknowledgeRecoveryCode(terminal, agent)
                try await terminal.shows("authenticator app: ")
                try terminal.type(Terminal.interrupt)
                let result = try await terminal.end()
                #expect(result.exit == .status(130))
                #expect(result.error.contains("Set-up cancelled."))
            }
            #expect(await agent.activeFactors().isEmpty)
            #expect(try await agent.token() == token)
        }
    }

    /// A number that is none is asked for again.
    private func typeAddress(of way: Way, _ terminal: Terminal) async throws {
        guard let address = way.address else { return }
        let question = way.name == "email" ? "E-mail address: " : "Phone number (such as +4915112345678): "
        try await terminal.shows(question)
        try terminal.type("nonsense\n")
        try await terminal.shows(question)
        try terminal.type(address + "\n")
    }

    /// The one that is shown is the one that the tenant has given.
    private func acknowledgeRecoveryCode(_ terminal: Terminal, _ agent: RunningAgent) async throws {
        let words = try await terminal.shows("Press Enter once you have it: ")
        let code = await agent.tenant.authenticators(of: RunningAgent.person).last { $0.kind == .recoveryCode }
        #expect(words.contains("Your recovery code"))
        #expect(words.contains(code?.value ?? "no recovery code"))
        try terminal.type("\n")
    }

    private func confirm(_ way: Way, _ terminal: Terminal, _ agent: RunningAgent) async throws {
        switch way.name {
        case "otp":
            let words = try await terminal.shows("Code from your authenticator app: ")
            let key = try #require(words.firstMatch(of: /(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}/)).output
            try terminal.type(try await oathtoolCode(String(key.filter { $0 != " " })) + "\n")
        case "push":
            try await terminal.shows("otpauth://totp/")
            try await agent.tenant.approvePush(for: RunningAgent.person)
        default:
            let address = try #require(way.address)
            let prompt = try await terminal.shows(": ")
            #expect(!prompt.contains(address))
            try terminal.type(try await agent.tenant.nextCode(for: address) + "\n")
        }
    }
}
