import DevTenant
import TestSupport
import Testing

@Suite("Giving up a sign-in")
struct CancelledLoginTests {
    /// A step at which it is given up.
    enum Station: String, CaseIterable {
        case code
        case chooseFactor = "choose_factor"
        case factorCode = "factor_code"
        case push
        case recoveryCode = "recovery_code"
        case enroll
        case enrollConfirm = "enroll_confirm"

        var factors: [Authenticator] {
            switch self {
            case .code, .factorCode: [.init(.sms, Reachable.phone)]
            case .chooseFactor: [.init(.otp), .init(.sms, Reachable.phone)]
            case .push: [.init(.push)]
            case .recoveryCode: [.init(.otp), .init(.recoveryCode, device: "dev_paper")]
            case .enroll, .enrollConfirm: []
            }
        }

        /// Leads a sign-in over the socket there.
        func login(at agent: RunningAgent) async throws -> Login {
            if self == .code { return try await agent.startLogin() }
            let (login, _) = try await agent.startSecondFactor()
            if self == .recoveryCode { try await login.answer(["factor": "recovery-code|dev_paper"]) }
            if self == .enrollConfirm { try await login.answer(["enroll": ["type": "otp"]]) }
            return login
        }

        /// Leads a sign-in at a terminal there.
        func lead(_ terminal: Terminal, at agent: RunningAgent) async throws {
            if self != .code { try await agent.typeOneTimeCode(terminal) }
            switch self {
            case .code: try await terminal.shows(" left): ")
            case .chooseFactor: try await terminal.shows("Which one (1-2): ")
            case .factorCode: try await terminal.shows("by text message to XXXXX0100: ")
            case .push: try await terminal.shows("approve the sign-in there.")
            case .recoveryCode:
                try await terminal.shows("authenticator app: ")
                try terminal.type("b\n")
                try await terminal.shows("Which one (1-2): ")
                try terminal.type("recovery\n")
                try await terminal.shows("Recovery code: ")
            case .enroll: try await terminal.shows("Which one (1-5): ")
            case .enrollConfirm:
                try await terminal.shows("Which one (1-5): ")
                try terminal.type("otp\n")
                try await terminal.shows("once you have it: ")
                try terminal.type("\n")
                try await terminal.shows("authenticator app: ")
            }
        }
    }

    @Test("login.cancel ends it at every step, and nobody is signed in", arguments: Station.allCases)
    func cancelled(at station: Station) async throws {
        try await withFactors(station.factors) { agent in
            let login = try await station.login(at: agent)
            #expect(try await login.step()["kind"] == .string(station.rawValue))
            let requests = await agent.tenant.requests().count
            try await login.cancel()
            #expect(try await login.step()["kind"] == "failed")
            for answer in [["code": "123456"], ["factor": "totp|dev_x"], ["recovery_code": "ABC"]] as [[String: JSON]] {
                #expect(try await login.refusal(of: answer)?.code == 1012)
            }
            #expect(try await agent.refusal(of: "login.resend", ["login_id": login.id])?.code == 1012)
            #expect(try await agent.refusal(of: "token.get", ["join_login": true])?.cause == "never")
            #expect(await agent.tenant.requests().count == requests)
            #expect(try await agent.startLogin().id != login.id)
        }
    }

    @Test("Ctrl-C ends it at every prompt, in the agent too", arguments: Station.allCases)
    func interrupted(at station: Station) async throws {
        try await withFactors(station.factors) { agent in
            let requests = try await agent.withTerminal("login") { terminal in
                try await station.lead(terminal, at: agent)
                let requests = await agent.tenant.requests().count
                try terminal.type(Terminal.interrupt)
                let result = try await terminal.end()
                #expect(result.exit == .status(130))
                #expect(result.output.isEmpty)
                #expect(result.error.contains("Sign-in cancelled."))
                return requests
            }
            #expect(try await agent.refusal(of: "token.get", ["join_login": true])?.cause == "never")
            #expect(await agent.tenant.requests().count == requests)
            // A live login would be joined at its step.
            #expect(try await agent.startLogin().step()["kind"] == "code")
            #expect(await agent.tenant.messages.last?.to == RunningAgent.person)
        }
    }

    @Test("a push that nobody waits for any more is not polled, and its approval signs nobody in")
    func abandonedPush() async throws {
        try await withFactors([.init(.push)]) { agent in
            let abandoned = try await Station.push.login(at: agent)
            try await abandoned.cancel()
            try await agent.tenant.approvePush(for: RunningAgent.person)
            // On another device, for one is asked once in half a minute, whatever sign-in asks.
            await agent.tenant.setAuthenticators([.init(.push, device: "dev_other")], of: RunningAgent.person)
            let (login, _) = try await agent.startSecondFactor()
            // Its own poll shows that the time of the other one's is over.
            try await agent.tenant.requestAnswered(at: .token, grant: .mfaOOB)
            try await login.cancel()
            #expect(await agent.tenant.requests(to: .token, grant: .mfaOOB).map(\.status) == [400])
            #expect(try await agent.refusal(of: "token.get")?.cause == "never")
        }
    }
}
