import Foundation
import Hummingbird

/// What the server does with a connection after a request.
enum Reply: Sendable {
    case answer(Answer)
    case hangUp
    case reset
}

/// The way of a request through the tenant: written down, held up or spoiled as ordered, worked on, answered.
extension DevTenant {
    func handle(_ call: Call) async throws -> Reply {
        guard let endpoint = Endpoint(path: call.path) else { return .answer(.text(404, "Not found")) }
        guard endpoint.methods.contains(call.method.rawValue) else {
            return .answer(.text(405, "Method not allowed"))
        }
        let index = record(call, endpoint)
        let reply = try await reply(to: call, endpoint, index: index)
        if case .answer(let answer) = reply { log.answered(index, status: answer.status) }
        announce()
        return reply
    }

    private func record(_ call: Call, _ endpoint: Endpoint) -> Int {
        // What cannot be read as parameters is refused later, with a reason; the record does without.
        let parameters = endpoint.methods.contains("POST") ? (try? call.parameters) ?? Parameters() : call.query
        secrets.add(parameters)
        let token = parameters["refresh_token"] ?? (endpoint == .revoke ? parameters["token"] : nil)
        let presented = token.flatMap { refreshTokens.presented($0) }
        let index = log.add(
            call, endpoint: endpoint, parameters: parameters, refreshToken: presented, now: now)
        announce()
        return index
    }

    private func reply(to call: Call, _ endpoint: Endpoint, index: Int) async throws -> Reply {
        let grant = log[index]?.grant
        switch faults.take(.arrival, endpoint: endpoint, grant: grant) {
        case .hold: try await hold(index)
        case .delay(let milliseconds): try await Task.sleep(for: .milliseconds(milliseconds))
        default: break
        }
        switch faults.take(.work, endpoint: endpoint, grant: grant) {
        case .hangUp: return .hangUp
        case .reset: return .reset
        case .answer(let answer): return .answer(answer)
        case .mfaRequired(let requirements): return .answer(pretendedMFA(requirements))
        default: break
        }
        var flaw: IDTokenFlaw?
        if case .idToken(let ordered) = faults.take(.idToken, endpoint: endpoint, grant: grant) { flaw = ordered }
        var answer = await work(on: call, endpoint, flaw: flaw)
        if case .members(let members) = faults.take(.answer, endpoint: endpoint, grant: grant) {
            answer = answer.replacing(members)
        }
        if case .holdAnswer = faults.take(.departure, endpoint: endpoint, grant: grant) { try await hold(index) }
        switch faults.take(.delivery, endpoint: endpoint, grant: grant) {
        case .loseAnswer: return .hangUp
        case .body(let body): answer.body = body
        default: break
        }
        return .answer(answer)
    }

    /// Every endpoint of the tenant.
    private func work(on call: Call, _ endpoint: Endpoint, flaw: IDTokenFlaw?) async -> Answer {
        do {
            return switch endpoint {
            case .start: try await start(call)
            case .token: try await token(call, flaw: flaw)
            case .revoke: try await revoke(call)
            case .discovery: discovery
            case .keys: .json(200, try signingKeys.document(now: now))
            case .userinfo: userinfo(call)
            case .link: try followLink(call, flaw: flaw)
            case .authenticators: try listAuthenticators(call)
            case .authenticator: try deleteAuthenticator(call)
            case .challenge: try await challenge(call)
            case .associate: try await associate(call)
            }
        } catch let refusal as Refusal {
            return refusal.answer
        } catch let limited as Limited {
            return limited.answer
        } catch {
            return Refusal(500, "internal_server_error", "\(error)").answer
        }
    }

    private func hold(_ index: Int) async throws {
        if isClosing { return }
        held.insert(index)
        announce()
        try await wait { $0.held.contains(index) ? nil : true }
    }

    /// A demand with nothing behind it: its `mfa_token` is known to no endpoint.
    private func pretendedMFA(_ requirements: JSON?) -> Answer {
        let token = SealedToken.make(
            bytes: SealedToken.mfaTokenBytes, expires: now + options.mfa.tokenLifetime)
        secrets.add(.mfaToken, token)
        var members: [String: JSON] = ["mfa_token": .string(token)]
        members["mfa_requirements"] = requirements
        return Refusal(403, "mfa_required", "Multifactor authentication required", members: members).answer
    }
}

extension Answer {
    /// The answer with members of its JSON object replaced; `null` takes one away.
    func replacing(_ members: [String: JSON]) -> Answer {
        guard case .text(let text) = body, var object = JSON(text: text)?.object else { return self }
        for (name, value) in members { object[name] = value == .null ? nil : value }
        var answer = self
        answer.body = .text(JSON.object(object).text)
        return answer
    }
}
