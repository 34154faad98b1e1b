import Auth0
import PosternProtocol
import Testing

@testable import Agent

@Suite("The budget of codes")
struct CodeBudgetTests {
    private static func profile(_ domain: String = "a.example") throws -> Profile {
        Profile(name: "work", issuer: try Issuer(domain: domain), clientID: "c")
    }

    private static func spend(
        _ budget: CodeBudget, _ recipient: CodeBudget.Recipient, _ message: CodeBudget.Message = .plain
    ) async -> AgentError? {
        await failure { () async throws(AgentError) in try budget.spend(message, for: recipient, profile: "work") }
    }

    @Test("who was sent nothing for ten minutes is forgotten")
    func forgotten() async throws {
        let clock = ManualClock()
        let budget = CodeBudget(clock: clock)
        let profile = try Self.profile()
        for number in 1...100 {
            #expect(await Self.spend(budget, .init("p\(number)@example.com", of: profile)) == nil)
        }
        #expect(budget.recipients == 100)
        clock.advance(by: 600)
        #expect(await Self.spend(budget, .init("ada@example.com", of: profile)) == nil)
        #expect(budget.recipients == 1)
    }

    @Test("beyond so many people nobody else is sent anything, and nobody is pushed out")
    func full() async throws {
        let clock = ManualClock()
        let budget = CodeBudget(clock: clock)
        let profile = try Self.profile()
        for _ in 1...20 { #expect(await Self.spend(budget, .init(sub: "email|ada", of: profile)) == nil) }
        clock.advance(by: 100)
        for number in 1..<CodeBudget.recipientLimit {
            _ = await Self.spend(budget, .init("p\(number)@example.com", of: profile))
        }
        #expect(await Self.spend(budget, .init("eve@example.com", of: profile))?.data.retryAfter == 500)
        #expect(await Self.spend(budget, .init("p1@example.com", of: profile)) == nil)
        #expect(await Self.spend(budget, .init(sub: "email|ada", of: profile))?.data.retryAfter == 500)
        #expect(budget.recipients == CodeBudget.recipientLimit)
        // One tenant's crowd keeps nobody from another.
        #expect(await Self.spend(budget, .init("eve@example.com", of: try Self.profile("b.example"))) == nil)
    }

    @Test("the same person at another tenant has another budget, the tenant's name in capitals is no other tenant")
    func tenants() async throws {
        let budget = CodeBudget(clock: ManualClock())
        for _ in 1...20 { _ = await Self.spend(budget, .init("ada@example.com", of: try Self.profile())) }
        #expect(await Self.spend(budget, .init("ada@example.com", of: try Self.profile("A.Example"))) != nil)
        #expect(await Self.spend(budget, .init("ada@example.com", of: try Self.profile("b.example"))) == nil)
        #expect(await Self.spend(budget, .init(sub: "ada@example.com", of: try Self.profile())) == nil)
    }

    @Test("a challenge that is taken back may be asked for again, and counts all the same")
    func takenBack() async throws {
        let budget = CodeBudget(clock: ManualClock())
        let recipient = CodeBudget.Recipient("ada@example.com", of: try Self.profile())
        let challenge = CodeBudget.Message.challenge(factor: "sms|1", login: "L1")
        for _ in 1...20 {
            #expect(await Self.spend(budget, recipient, challenge) == nil)
            #expect(await Self.spend(budget, recipient, challenge)?.code == .rateLimited)
            budget.takeBack(challenge, for: recipient)
        }
        #expect(await Self.spend(budget, recipient, challenge)?.data.retryAfter == 600)
    }
}
