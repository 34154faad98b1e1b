import DevTenant
import TestSupport
import Testing

@Suite("A second factor at the terminal")
struct SecondFactorTerminalTests {
    private static let otp = Authenticator(.otp)
    private static let sms = Authenticator(.sms, Reachable.phone)
    private static let push = Authenticator(.push, name: "Ada's phone")
    private static let recovery = Authenticator(.recoveryCode)

    @Test(
        "postern login asks for the code of the one factor that there is",
        arguments: [
            (otp, "Code from your authenticator app: "), (sms, "Code sent by text message to XXXXX0100: "),
            (.init(.voice, Reachable.phone), "Code given by phone call to XXXXX0100: "),
            (.init(.email, Reachable.mailbox), "Code sent by e-mail to ***@home********: "),
        ])
    func code(authenticator: Authenticator, prompt: String) async throws {
        try await withFactors([authenticator]) { agent in
            try await agent.withTerminal("login") { terminal in
                try await agent.typeOneTimeCode(terminal)
                #expect(try await terminal.shows(prompt).contains("The tenant asks for a second factor."))
                let code =
                    authenticator.kind == .otp
                    ? try await agent.totpCode : try await agent.tenant.nextCode(for: authenticator.value)
                try terminal.type(wrong(code) + "\n")
                try await terminal.shows("wrong")
                try await terminal.shows(prompt)
                try terminal.type(code + "\n")
                let result = try await terminal.end()
                #expect(result.exit == .status(0))
                #expect(result.output.isEmpty)
                #expect(result.error.contains("Signed in as ada@example.com (profile work)"))
            }
            #expect(try await agent.postern("token").exit == .status(0))
        }
    }

    @Test("a factor is chosen from a list, which b shows again")
    func wayBack() async throws {
        try await withFactors([Self.otp, Self.sms, Self.push]) { agent in
            try await agent.withTerminal("login") { terminal in
                try await agent.typeOneTimeCode(terminal)
                let list = try await terminal.shows("Which one (1-3): ")
                #expect(list.contains("1  authenticator app"))
                #expect(list.contains("2  text message to XXXXX0100"))
                #expect(list.contains("3  push notification to Ada's phone"))
                try terminal.type("2\n")
                try await terminal.shows("Code sent by text message to XXXXX0100: ")
                try terminal.type("b\n")
                try await terminal.shows("Which one (1-3): ")
                try terminal.type("push\n")
                try await terminal.shows("sent to Ada's phone: approve the sign-in there.")
                try terminal.type("b\n")
                try await terminal.shows("Which one (1-3): ")
                try terminal.type("otp\n")
                try await terminal.shows("authenticator app: ")
                try terminal.type(try await agent.totpCode + "\n")
                #expect(try await terminal.end().exit == .status(0))
            }
        }
    }

    @Test("a push that is approved signs in")
    func approved() async throws {
        try await withFactors([Self.push]) { agent in
            try await agent.withTerminal("login") { terminal in
                try await agent.typeOneTimeCode(terminal)
                try await terminal.shows("approve the sign-in there.")
                try await agent.tenant.approvePush(for: RunningAgent.person)
                try await terminal.shows("Signed in as ada@example.com")
                #expect(try await terminal.end().exit == .status(0))
            }
        }
    }

    @Test("a push that is rejected ends with 77, in both forms of saying so", arguments: PushDenial.allCases)
    func denied(as denial: PushDenial) async throws {
        try await withFactors([Self.push]) { agent in
            try await agent.withTerminal("login") { terminal in
                try await agent.typeOneTimeCode(terminal)
                try await terminal.shows("approve the sign-in there.")
                // Joined, so that its end can be read.
                let login = try await agent.startLogin()
                try await agent.tenant.denyPush(for: RunningAgent.person, as: denial)
                let step = try await login.stepAfter("push")
                #expect(step["kind"] == "failed" && step["code"] == 1014)
                let result = try await terminal.end()
                #expect(result.exit == .status(77))
                #expect(result.error.contains("rejected"))
            }
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
        }
    }

    @Test("a recovery code signs in, and its successor is shown once and acknowledged")
    func recoveryCode() async throws {
        try await withFactors([Self.otp, Self.recovery]) { agent in
            try await agent.withTerminal("login") { terminal in
                try await agent.typeOneTimeCode(terminal)
                try await terminal.shows("authenticator app: ")
                try terminal.type("b\n")
                try await terminal.shows("Which one (1-2): ")
                try terminal.type("recovery\n")
                try await terminal.shows("Recovery code: ")
                try terminal.type(Self.recovery.value + "\n")
                try await terminal.shows("Your new recovery code")
                try await terminal.shows("Press Enter once you have it: ")
                try terminal.type("\n")
                let result = try await terminal.end()
                #expect(result.exit == .status(0))
                let next = try #require(
                    await agent.tenant.authenticators(of: RunningAgent.person).first { $0.kind == .recoveryCode })
                #expect(next.value != Self.recovery.value)
                #expect(result.error.ranges(of: next.value).count == 1)
                #expect(result.output.isEmpty)
            }
        }
    }

    @Test("a refusal by a post-challenge Action ends with 77, in the Action's words")
    func deniedAfterChallenge() async throws {
        try await withFactors([Self.otp]) { agent in
            await agent.tenant.denyAfterChallenge(RunningAgent.person, "Not from this network.")
            try await agent.withTerminal("login") { terminal in
                try await agent.typeOneTimeCode(terminal)
                try await terminal.shows("authenticator app: ")
                try terminal.type(try await agent.totpCode + "\n")
                let result = try await terminal.end()
                #expect(result.exit == .status(77))
                #expect(result.error.contains("Not from this network."))
            }
        }
    }

    @Test("a sign-in whose time is over at the tenant ends with 65")
    func expired() async throws {
        try await withFactors([Self.otp]) { agent in
            try await agent.withTerminal("login") { terminal in
                try await agent.typeOneTimeCode(terminal)
                try await terminal.shows("authenticator app: ")
                await agent.tenant.advanceClock(by: 600)
                try terminal.type(try await agent.totpCode + "\n")
                #expect(try await terminal.end().exit == .status(65))
            }
        }
    }

    @Test("from a pipe, codes that are wrong until the person is blocked end with 65")
    func exhausted() async throws {
        try await withFactors([Self.otp]) { agent in
            let code = wrong(try await agent.totpCode)
            try await agent.withPostern("login") { child in
                let first = try await withDeadline { try await agent.tenant.nextCode(for: RunningAgent.person) }
                try child.write(first + "\n" + String(repeating: code + "\n", count: 12))
                let result = try await withDeadline { await child.result() }
                #expect(result.exit == .status(65))
                #expect(result.error.contains("Wait"))
            }
            // Ten wrong ones, and the one that met the block.
            #expect(await agent.tenant.requests(to: .token, grant: .mfaOTP).count == 11)
        }
    }

    @Test("postern login answers what a refresh asks for")
    func atRefresh() async throws {
        try await withFactors([Self.otp], Options()) { agent in
            try await agent.signIn()
            let old = try await agent.token()
            await agent.tenant.setMFAPolicy(.refresh)
            try await agent.restartWithExpiredTokens()
            let asked = try await agent.refusal(of: "token.get")
            let login = try Login(asked?.data["login"], of: agent)
            try await agent.withTerminal("login") { terminal in
                let words = try await terminal.shows("Which one (1): ")
                #expect(words.contains("before it gives new tokens (profile work)"))
                try terminal.type("1\n")
                try await terminal.shows("authenticator app: ")
                try terminal.type(try await agent.totpCode + "\n")
                let result = try await terminal.end()
                #expect(result.exit == .status(0))
                #expect(result.error.contains("Signed in as ada@example.com"))
            }
            #expect(try await login.step()["kind"] == "signed_in")
            let token = try await agent.postern("token")
            #expect(token.exit == .status(0) && token.output != old + "\n")
            #expect(await agent.tenant.messages.count == 1)
        }
    }
}
