import Foundation
import PosternProtocol

@testable import Agent

// Most tests do not care who asks: it is one connection of a process without a terminal.

extension Peer {
    static let test = Peer.connection(1)

    static func connection(_ number: Int, terminal: TerminalSession? = nil) -> Peer {
        Peer(connection: number, pid: 4711, terminal: terminal)
    }
}

extension Caller {
    static let test = Caller(pid: 4711, subscriber: Subscriber { _ in }, peer: { .test })
}

extension Agent {
    func status(_: GetStatus) async throws -> GetStatus.Response {
        try JSONDecoder().decode(GetStatus.Response.self, from: Data(await status().get()))
    }

    func listProfiles(_: ListProfiles) async throws -> ListProfiles.Response {
        try JSONDecoder().decode(ListProfiles.Response.self, from: Data(await listProfiles().get()))
    }

    func startLogin(_ request: StartLogin) async throws(AgentError) -> LoginState {
        try await startLogin(request, .test)
    }

    func answerLogin(_ request: AnswerLogin) async throws(AgentError) -> LoginState {
        try await answerLogin(request, .test)
    }

    func listFactors(_ request: ListFactors) async throws(AgentError) -> ListFactors.Response {
        try await listFactors(request, .test)
    }

    func enrollFactor(_ request: EnrollFactor) async throws(AgentError) -> LoginState {
        try await enrollFactor(request, .test)
    }

    func removeFactor(_ request: RemoveFactor) async throws(AgentError) -> RemoveFactor.Response {
        try await removeFactor(request, .test)
    }

    func token(_ request: GetToken) async throws(AgentError) -> GetToken.Response {
        try await token(request, 4711)
    }

    func idToken(_ request: GetIDToken) async throws(AgentError) -> GetIDToken.Response {
        try await idToken(request, 4711)
    }

    @discardableResult
    func logout(_ request: Logout) async throws(AgentError) -> Logout.Response {
        try await logout(request, 4711)
    }

    @discardableResult
    func addProfile(_ request: AddProfile) async throws(AgentError) -> AddProfile.Response {
        try await addProfile(request, 4711)
    }

    @discardableResult
    func removeProfile(_ request: RemoveProfile) async throws(AgentError) -> RemoveProfile.Response {
        try await removeProfile(request, 4711)
    }

    @discardableResult
    func setClientSecret(_ request: SetClientSecret) async throws(AgentError) -> SetClientSecret.Response {
        try await setClientSecret(request, 4711)
    }
}
