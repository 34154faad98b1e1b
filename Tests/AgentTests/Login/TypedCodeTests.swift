import DevTenant
import PosternProtocol
import Testing

@testable import Agent

@Suite("What is typed as a code")
struct TypedCodeTests {
    @Test(
        "blanks, hyphens, quotes and format characters are dropped, other digits are digits, and one run stands out",
        arguments: [
            "123456", " 123 456 ", "123-456", "1\u{00A0}2\u{2009}3\u{3000}456", "\"123456\"", "„123456“",
            "'123\u{2019}456'",
            "«123456»", "`123456´", "123\u{200B}456", "\u{FEFF}123456", "\u{202A}123456\u{202C}", "123\u{00AD}456",
            "123\u{2011}456", "123\u{2212}456", "123—456", "123456\r\n", "１２３４５６", "１２３-456", "١٢٣٤٥٦",
            "Your code is 123 456.", "Your code is: 123456 (valid for 3 minutes)", "G-123456 is your code.",
            "code=123456&x=1",
        ])
    func cleaned(typed: String) {
        #expect(LoginSession.oneTimeCode(in: typed) == "123456")
    }

    @Test("four to twelve digits are a code", arguments: ["1234", "123456789012"])
    func lengths(typed: String) {
        #expect(LoginSession.oneTimeCode(in: typed) == typed)
    }

    @Test(
        "what cannot be a code is none",
        arguments: [
            "", " - ", "\"\"", "\u{200B}", "123", "1234567890123", "abcdef", "12a34", "123456 or 654321",
            "Your code is 123", "½¼Ⅷ⅓①②③④", "\u{0}", String(repeating: "1", count: 100_000),
            "12 34 or 56 78",
        ])
    func none(typed: String) {
        #expect(LoginSession.oneTimeCode(in: typed) == nil)
    }

    @Test("a recovery code is letters and digits, whatever they are grouped by")
    func recovery() {
        for typed in [
            "N3BGPZZWJ85JLCNPZBDW6QXC", "N3BG-PZZW J85J LCNP\u{200B}-ZBDW \"6QXC\"", "Ｎ3BGPZZWJ85JLCNPZBDW6QXC",
        ] {
            #expect(LoginSession.recoveryCode(in: typed) == "N3BGPZZWJ85JLCNPZBDW6QXC")
        }
        for typed in ["", " - ", "N3BG/PZZW", "é", "\u{0}N3BG", String(repeating: "A", count: 65)] {
            #expect(LoginSession.recoveryCode(in: typed) == nil)
        }
    }

    @Test(
        "what cannot be a code is 1008, with nothing sent and nothing counted: the right one signs in after a hundred",
        arguments: ["", "abc", "12", "１２", "\u{200B}", "123456 or 654321"])
    func notSent(typed: String) async throws {
        try await AgentFixture.run { fixture in
            let login = try await fixture.startLogin()
            let code = try await fixture.tenant.nextCode(for: AgentFixture.person)
            for _ in 1...100 { #expect(await fixture.answerError(login, code: typed)?.code == .wrongCode) }
            #expect(await fixture.tenant.requests(to: .token).isEmpty)
            #expect(try await fixture.state(of: login) == login)
            #expect(try await fixture.answer(login, code: "Your code is \(code)!").step.kind == "signed_in")
        }
    }

    @Test("so it is with the codes of factors, recovery codes and those that confirm a factor")
    func factors() async throws {
        try await AgentFixture.run(factors: [.otp, .sms, .recovery]) { fixture in
            var login = try await fixture.passCode()
            for factor in [Authenticator.otp, .sms] {
                login = try await fixture.choose(factor.id, login)
                #expect(await fixture.answerError(login, code: "none")?.code == .wrongCode)
            }
            #expect(await fixture.answerError(login, recoveryCode: "N3BG/é")?.code == .wrongCode)
            login = try await fixture.choose(Authenticator.recovery.id, login)
            #expect(await fixture.answerError(login, code: "ö")?.code == .wrongCode)
            #expect(await fixture.proofs.isEmpty)
        }
        try await AgentFixture.run(factors: []) { fixture in
            let login = try await fixture.enroll(.otp, try await fixture.passCode())
            #expect(await fixture.answerError(login, code: "none")?.code == .wrongCode)
            #expect(await fixture.proofs.isEmpty)
        }
    }
}
