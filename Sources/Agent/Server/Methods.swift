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

    /// What a request asks for, done: returns the bytes of `result`. It holds what its params say, and not their bytes.
    typealias Work = @Sendable (Caller) async throws(AgentError) -> [UInt8]

    /// Reads a request.
    ///
    /// - Parameter params: the bytes of `params`, if any.
    func work(of method: String, params: ArraySlice<UInt8>?) throws(AgentError) -> Work {
        switch method {
        case Hello.method: try work(params, agent.hello)
        case GetStatus.method: try look(GetStatus.self, params, agent.looks.status, agent.status)
        case Reload.method: try look(Reload.self, params, agent.looks.reload, agent.reloadForAll)
        case UnlockKeyring.method: try work(params, agent.unlockKeyring)
        case GetToken.method: try token(params)
        case GetIDToken.method: try work(params, for: agent.idToken)
        case StartLogin.method: try work(params, by: agent.startLogin)
        case AnswerLogin.method: try work(params, by: agent.answerLogin)
        case ResendCode.method: try work(params, agent.resendCode)
        case WaitForLogin.method: try work(params, agent.waitForLogin)
        case CancelLogin.method: try work(params, agent.cancelLogin)
        case ListFactors.method: try work(params, by: agent.listFactors)
        case EnrollFactor.method: try work(params, by: agent.enrollFactor)
        case RemoveFactor.method: try work(params, by: agent.removeFactor)
        case Logout.method: try work(params, for: agent.logout)
        case ListProfiles.method: try look(ListProfiles.self, params, agent.looks.profiles, agent.listProfiles)
        case AddProfile.method: try work(params, for: agent.addProfile)
        case RemoveProfile.method: try work(params, for: agent.removeProfile)
        case SetClientSecret.method: try work(params, for: agent.setClientSecret)
        case SubscribeToEvents.method: try subscription(params)
        default:
            throw AgentError(.methodNotFound, "There is no method \"\(TenantText.printable(method))\".") { data in
                data.hint = "The agent may be older than the program that asks; restart it after an upgrade."
            }
        }
    }

    private func work<R: Request>(
        _ params: ArraySlice<UInt8>?, _ method: @escaping @Sendable (R) async throws(AgentError) -> R.Response
    ) throws(AgentError) -> Work {
        let request = try Self.decode(R.self, from: params)
        return { (_) throws(AgentError) in try Self.encode(try await method(request)) }
    }

    /// For a method that what a caller has proven counts for.
    private func work<R: Request>(
        _ params: ArraySlice<UInt8>?,
        by method: @escaping @Sendable (R, Peer) async throws(AgentError) -> R.Response
    ) throws(AgentError) -> Work {
        let request = try Self.decode(R.self, from: params)
        return { (caller) throws(AgentError) in try Self.encode(try await method(request, await caller.peer())) }
    }

    /// For a method that says in the log who asked for what it did.
    private func work<R: Request>(
        _ params: ArraySlice<UInt8>?,
        for method: @escaping @Sendable (R, pid_t?) async throws(AgentError) -> R.Response
    ) throws(AgentError) -> Work {
        let request = try Self.decode(R.self, from: params)
        return { (caller) throws(AgentError) in try Self.encode(try await method(request, caller.pid)) }
    }

    private func subscription(_ params: ArraySlice<UInt8>?) throws(AgentError) -> Work {
        let request = try Self.decode(SubscribeToEvents.self, from: params)
        return { [agent] (caller) throws(AgentError) in
            try Self.encode(try await agent.subscribe(request, caller.subscriber))
        }
    }

    private func token(_ params: ArraySlice<UInt8>?) throws(AgentError) -> Work {
        let params = params ?? Self.noParams
        let request =
            if let plain = GetToken(plain: params) { plain } else { try Self.decode(GetToken.self, from: params) }
        return { [agent] (caller) throws(AgentError) in
            let response = try await agent.token(request, caller.pid)
            if let plain = response.plainJSON { return plain }
            return try Self.encode(response)
        }
    }

    /// For a method without params that tells of all profiles.
    private func look<R: Request>(
        _ type: R.Type, _ params: ArraySlice<UInt8>?, _ look: SharedLook<Result<[UInt8], AgentError>>,
        _ method: @escaping @Sendable () async -> Result<[UInt8], AgentError>
    ) throws(AgentError) -> Work {
        _ = try Self.decode(R.self, from: params)
        return { (_) throws(AgentError) in try await look.value(method).get() }
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
            // The decoder does not say which number no integer can be.
            let unfit = members.first { member in
                params[member.value].first.map { $0 == UInt8(ascii: "-") || (48...57).contains($0) } == true
                    && Int(String(decoding: params[member.value], as: UTF8.self)) == nil
            }
            let isNumber = if case DecodingError.dataCorrupted = error { true } else { false }
            let problem = (isNumber ? unfit : nil).map {
                "the parameter \($0.name) must be a whole number, and no larger than there are"
            }
            throw AgentError(.invalidParams, "\(R.method): \(problem ?? Self.problem(error)).") { data in
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
