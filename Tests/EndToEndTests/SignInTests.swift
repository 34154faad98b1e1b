import DevTenant
import Glibc
import TestSupport
import Testing

@Suite("Signing in")
struct SignInTests {
    @Test("postern login asks for the code that came by e-mail")
    func email() async throws {
        try await withRunningAgent { agent in
            let login = try await agent.login()
            #expect(login.exit == .status(0))
            #expect(login.output.isEmpty)
            #expect(login.error.hasPrefix("A code was sent by e-mail to a***@example.com.\n"))
            #expect(login.error.contains("Signed in as ada@example.com"))
            let message = try #require(await agent.tenant.messages.first)
            #expect(message.connection == "email" && message.link == nil)
        }
    }

    @Test("postern login asks for the code that came by text message")
    func sms() async throws {
        let number = "+4915112345678"
        try await withRunningAgent(profile: ["connection": "sms", "username": number]) { agent in
            let login = try await agent.login(as: number)
            #expect(login.exit == .status(0))
            #expect(login.error.contains("by text message to ***5678"))
            #expect(try await agent.status()["account"]?["phone_number"] == .string(number))
        }
    }

    @Test("the address is asked for where the profile has none")
    func asksForAddress() async throws {
        try await withRunningAgent(profile: ["username": nil]) { agent in
            let grace = "grace@example.com"
            let refusal = try await agent.refusal(of: "login.start")
            #expect(refusal?.code == -32602 && refusal?.data["missing"] == ["username"])
            let login = try await agent.login(as: grace, typing: [grace])
            #expect(login.exit == .status(0))
            #expect(login.error.contains("phone number: "))
            #expect(try await agent.status()["account"]?["email"] == .string(grace))
        }
    }

    @Test("after a wrong code the right one still signs in")
    func wrongThenRight() async throws {
        try await withRunningAgent { agent in
            try await agent.withPostern("login") { child in
                let code = try await withDeadline { try await agent.tenant.nextCode(for: RunningAgent.person) }
                try child.write("wrong\n0000\n\(code)\n")
                let result = try await withDeadline { await child.result() }
                #expect(result.exit == .status(0))
                #expect(result.error.contains("That is no code"))
                #expect(result.error.contains("That code is wrong."))
            }
        }
    }

    @Test("three wrong codes end the sign-in")
    func threeWrong() async throws {
        try await withRunningAgent { agent in
            let login = try await agent.call("login.start")
            let id = try #require(login["login_id"])
            for _ in 1...2 {
                #expect(try await agent.refusal(of: "login.answer", ["login_id": id, "code": "0000"])?.code == 1008)
            }
            let third = try await agent.refusal(of: "login.answer", ["login_id": id, "code": "0000"])
            if third?.code == 1008 {
                // The tenant says that a code is dead only when it is tried once more.
                let fourth = try await agent.refusal(of: "login.answer", ["login_id": id, "code": "0000"])
                #expect(fourth?.code == 1010)
            } else {
                #expect(third?.code == 1010)
            }
            let step = try await agent.call("login.wait", ["login_id": id])["step"]
            #expect(step?["kind"] == "failed" && step?["code"] == 1010)
            let late = try await agent.refusal(of: "login.answer", ["login_id": id, "code": "0000"])
            #expect(late?.code == 1012)
        }
    }

    @Test("the command ends with 65 when the codes typed are all wrong")
    func threeWrongTyped() async throws {
        try await withRunningAgent { agent in
            let result = try await agent.postern("login", input: "wrong\nwrong\nwrong\nwrong\n")
            #expect(result.exit == .status(65))
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
        }
    }

    @Test("another code is not sent right after the first")
    func resendsLater() async throws {
        try await withRunningAgent { agent in
            let id = try #require(try await agent.call("login.start")["login_id"])
            let refusal = try await agent.refusal(of: "login.resend", ["login_id": id])
            #expect(refusal?.code == 1007)
            #expect((1...30).contains(refusal?.data["retry_after"]?.integer ?? 0))
            #expect(await agent.tenant.messages.count == 1)
        }
    }

    @Test("a second login joins the live one, and either finishes it for both")
    func joins() async throws {
        try await withRunningAgent { agent in
            let first = try await agent.call("login.start")
            let id = try #require(first["login_id"])
            let other = try await agent.refusal(of: "login.start", ["username": "grace@example.com"])
            #expect(other?.code == 1014 && other?.data["cause"] == "address")
            async let end = agent.call("login.wait", ["login_id": id, "seen": first["revision"] ?? 0, "timeout": 20])
            let login = try await agent.login()
            #expect(login.exit == .status(0))
            #expect(try await end["step"]?["kind"] == "signed_in")
            #expect(await agent.tenant.messages.count == 1)
        }
    }

    @Test("restart drops the live login and sends a new code")
    func startsAnew() async throws {
        try await withRunningAgent { agent in
            let first = try await agent.call("login.start")["login_id"] ?? .null
            let second = try await agent.call("login.start", ["restart": true])["login_id"] ?? .null
            #expect(first != second)
            #expect(await agent.tenant.messages.count == 2)
            #expect(try await agent.refusal(of: "login.answer", ["login_id": first, "code": "1"])?.code == 1012)
        }
    }

    @Test("Ctrl-C cancels the login in the agent too")
    func interrupted() async throws {
        try await withRunningAgent { agent in
            try await agent.withTerminal("login") { terminal in
                try await terminal.shows("was sent by e-mail")
                try await terminal.shows(": ")
                try terminal.type("12" + Terminal.interrupt)
                let result = try await terminal.end()
                #expect(result.exit == .status(128 + SIGINT))
                #expect(result.error.contains("cancelled"))
            }
            _ = try await agent.call("login.start")
            #expect(await agent.tenant.messages.count == 2, "a cancelled login was joined")
        }
    }

    @Test("a cancelled login takes no code, and can be read for a while")
    func cancelled() async throws {
        try await withRunningAgent { agent in
            let id = try #require(try await agent.call("login.start")["login_id"])
            let code = try await agent.tenant.nextCode(for: RunningAgent.person)
            try await agent.call("login.cancel", ["login_id": id])
            #expect(try await agent.refusal(of: "login.answer", ["login_id": id, "code": .string(code)])?.code == 1012)
            #expect(try await agent.call("login.wait", ["login_id": id])["step"]?["kind"] == "failed")
            #expect(try await agent.refusal(of: "login.cancel", ["login_id": id])?.code == 1012)
        }
    }

    @Test("--if-needed signs in once")
    func ifNeeded() async throws {
        try await withRunningAgent { agent in
            #expect(try await agent.login("--if-needed").exit == .status(0))
            await agent.tenant.forgetRequests()
            let again = try await agent.postern("login", "--if-needed")
            #expect(again.exit == .status(0))
            #expect(await agent.tenant.requests().isEmpty)
        }
    }

    @Test("--if-needed never signs in anew because the keyring is locked")
    func ifNeededLocked() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            try await agent.stop()
            try await agent.desktop.lockKeyring()
            try await agent.start()
            await agent.tenant.forgetRequests()
            #expect(try await agent.postern("login", "--if-needed").exit == .status(75))
            #expect(await agent.tenant.requests().isEmpty)
        }
    }

    @Test("no code is sent while the keyring could not keep the tokens")
    func locked() async throws {
        try await withRunningAgent { agent in
            try await agent.desktop.lockKeyring()
            let login = try await agent.postern("login")
            #expect(login.exit == .status(75))
            #expect(await agent.tenant.messages.isEmpty)
            #expect(try await agent.desktop.promptTraffic().isEmpty)
        }
    }

    @Test("signing in anew replaces the tokens and revokes the replaced refresh token")
    func replaces() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            let first = try await agent.token()
            try await agent.signIn()
            #expect(try await agent.token() != first)
            try await withDeadline { try await agent.tenant.requestArrived(at: .revoke) }
        }
    }

    @Test("a person whom the tenant refuses is told in its Action's words")
    func denied() async throws {
        try await withRunningAgent { agent in
            try await agent.signIn()
            await agent.tenant.deny(RunningAgent.person, "Only from the office.")
            let token = try await agent.token()
            let login = try await agent.login()
            #expect(login.exit == .status(77))
            #expect(login.error.contains("Only from the office."))
            #expect(try await agent.token() == token, "a failed sign-in leaves the tokens as they were")
        }
    }
}
