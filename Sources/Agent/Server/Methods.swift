import Auth0
import FoundationEssentials
import Glibc
import PosternProtocol

/// What the agent can be asked, each method by name.
struct Methods: Sendable {
    let agent: Agent

    private static let noParams = Array("{}".utf8)[...]

    static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return encoder
    }()

    /// - Parameters:
    ///   - params: the bytes of `params`, if any.
    ///   - caller: who asks.
    /// - Returns: the bytes of `result`.
    func call(_ method: String, params: ArraySlice<UInt8>?, caller: Caller) async throws(AgentError) -> [UInt8] {
        switch method {
        case Hello.method: try await perform(params, agent.hello)
        case GetStatus.method: try await perform(params, agent.status)
        case Reload.method: try await perform(params, agent.reload)
        case UnlockKeyring.method: try await perform(params, agent.unlockKeyring)
        case GetToken.method: try await getToken(params, caller.pid)
        case GetIDToken.method: try await perform(params, for: caller.pid, agent.idToken)
        case StartLogin.method: try await perform(params, by: caller, agent.startLogin)
        case AnswerLogin.method: try await perform(params, by: caller, agent.answerLogin)
        case ResendCode.method: try await perform(params, agent.resendCode)
        case WaitForLogin.method: try await perform(params, agent.waitForLogin)
        case CancelLogin.method: try await perform(params, agent.cancelLogin)
        case ListFactors.method: try await perform(params, by: caller, agent.listFactors)
        case EnrollFactor.method: try await perform(params, by: caller, agent.enrollFactor)
        case RemoveFactor.method: try await perform(params, by: caller, agent.removeFactor)
        case Logout.method: try await perform(params, for: caller.pid, agent.logout)
        case ListProfiles.method: try await perform(params, agent.listProfiles)
        case AddProfile.method: try await perform(params, for: caller.pid, agent.addProfile)
        case RemoveProfile.method: try await perform(params, for: caller.pid, agent.removeProfile)
        case SetClientSecret.method: try await perform(params, for: caller.pid, agent.setClientSecret)
        case SubscribeToEvents.method:
            try await perform(params) { request throws(AgentError) in
                try await agent.subscribe(request, caller.subscriber)
            }
        default:
            throw AgentError(.methodNotFound, "There is no method \"\(TenantText.printable(method))\".") { data in
                data.hint = "The agent may be older than the program that asks; restart it after an upgrade."
            }
        }
    }

    private func perform<R: Request>(
        _ params: ArraySlice<UInt8>?, _ method: (R) async throws(AgentError) -> R.Response
    ) async throws(AgentError) -> [UInt8] {
        try Self.encode(try await method(try Self.decode(R.self, from: params)))
    }

    /// For a method that what a caller has proven counts for.
    private func perform<R: Request>(
        _ params: ArraySlice<UInt8>?, by caller: Caller,
        _ method: (R, Peer) async throws(AgentError) -> R.Response
    ) async throws(AgentError) -> [UInt8] {
        let request = try Self.decode(R.self, from: params)
        return try Self.encode(try await method(request, await caller.peer()))
    }

    /// For a method that says in the log who asked for what it did.
    private func perform<R: Request>(
        _ params: ArraySlice<UInt8>?, for pid: pid_t?, _ method: (R, pid_t?) async throws(AgentError) -> R.Response
    ) async throws(AgentError) -> [UInt8] {
        try Self.encode(try await method(try Self.decode(R.self, from: params), pid))
    }

    private func getToken(_ params: ArraySlice<UInt8>?, _ pid: pid_t?) async throws(AgentError) -> [UInt8] {
        let params = params ?? Self.noParams
        let request =
            if let plain = GetToken(plain: params) { plain } else { try Self.decode(GetToken.self, from: params) }
        let response = try await agent.token(request, pid)
        if let plain = response.plainJSON { return plain }
        return try Self.encode(response)
    }

    static func encode(_ response: some Encodable) throws(AgentError) -> [UInt8] {
        do {
            return Array(try encoder.encode(response))
        } catch {
            throw AgentError(.internalError, "The answer cannot be written as JSON.")
        }
    }

    static func decode<R: Request>(_ type: R.Type, from params: ArraySlice<UInt8>?) throws(AgentError) -> R {
        var params = params ?? noParams
        let members: [StrictJSON.Member]
        // The text was found valid before, so its outline is known not to fail.
        switch try? StrictJSON.outline(of: params) {
        case .object(let named)?:
            members = named
        case .array([])?:
            // Some clients send an empty array where there are no params.
            members = []
            params = noParams
        default:
            throw AgentError(.invalidParams, "\(R.method) takes its params by name, in an object.")
        }
        let known = R.CodingKeys.allCases.map(\.stringValue)
        let unknown = members.map(\.name).filter { !known.contains($0) }
        guard unknown.isEmpty else {
            let names = unknown.map { TenantText.printable($0) }.joined(separator: ", ")
            throw AgentError(.invalidParams, "\(R.method) has no parameter \(names).") { data in
                data.hint = known.isEmpty ? "It takes none." : "It takes: \(known.joined(separator: ", "))."
            }
        }
        // No parameter has a use for one, and C would take what is before it for the whole.
        guard !holdsNUL(params) else {
            throw AgentError(.invalidParams, "\(R.method) takes no NUL character (\\u0000).")
        }
        do {
            return try JSONDecoder().decode(R.self, from: Data(params))
        } catch {
            throw AgentError(.invalidParams, "\(R.method): \(Self.problem(error)).") { data in
                if case DecodingError.keyNotFound(let key, _) = error { data.missing = [key.stringValue] }
            }
        }
    }

    /// Whether a string of valid JSON holds U+0000, which can only be written as an escape (RFC 8259, section 7).
    private static func holdsNUL(_ json: ArraySlice<UInt8>) -> Bool {
        var rest = json
        while let backslash = rest.firstIndex(of: UInt8(ascii: "\\")) {
            let escape = rest[backslash...].dropFirst()
            if escape.starts(with: Array("u0000".utf8)) { return true }
            rest = escape.dropFirst()
        }
        return false
    }

    private static func problem(_ error: any Error) -> String {
        func name(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        return switch error {
        case DecodingError.keyNotFound(let key, _): "the parameter \(key.stringValue) is missing"
        case DecodingError.typeMismatch(_, let context): "the parameter \(name(context)) has the wrong type"
        case DecodingError.valueNotFound(_, let context): "the parameter \(name(context)) must not be null"
        case DecodingError.dataCorrupted(let context): "the parameter \(name(context)) is not usable"
        default: "the params cannot be read"
        }
    }
}
