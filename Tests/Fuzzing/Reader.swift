/// Everything that reads bytes which an outsider wrote: who connects, a tenant, the keyring, a file, another process.
package enum Reader: String, CaseIterable, Codable, Sendable {
    case accessToken = "access-token"
    case agentAnswer = "agent-answer"
    case agentLines = "agent-lines"
    case certificates
    case clientSecret = "client-secret"
    case configuration
    case discovery
    case errorAnswer = "error-answer"
    case idToken = "id-token"
    case json
    case keySet = "key-set"
    case lines
    case longLines = "long-lines"
    case mfaAnswer = "mfa-answer"
    case params
    case pinentryConfiguration = "pinentry-configuration"
    case pinentryLines = "pinentry-lines"
    case processStatus = "process-status"
    case record
    case request
    case sshConnection = "ssh-connection"
    case storedNames = "stored-names"
    case success
    case text
    case tokenResponse = "token-response"
    case verifiedClaims = "verified-claims"
    case workerLines = "worker-lines"
    case workerMessage = "worker-message"

    /// Has the product read the bytes. Whatever it makes of them is fine, as long as it keeps its own rules.
    ///
    /// The process ends where it does not: by a trap of the product's, or by ``check(_:_:)``.
    package func read(_ bytes: [UInt8]) {
        switch self {
        case .accessToken: Tokens.readAccessToken(bytes)
        case .agentAnswer: AgentAnswers.read(bytes)
        case .agentLines: AgentAnswers.readLines(bytes)
        case .certificates: ConfigurationFile.readCertificates(bytes)
        case .clientSecret: Records.readClientSecret(bytes)
        case .configuration: ConfigurationFile.read(bytes)
        case .discovery: TenantAnswers.readDiscovery(bytes)
        case .errorAnswer: TenantAnswers.readError(bytes)
        case .idToken: Tokens.readIDToken(bytes)
        case .json: Texts.readJSON(bytes)
        case .keySet: TenantAnswers.readKeySet(bytes)
        case .lines: Requests.readLines(bytes)
        case .longLines: Requests.readLongLines(bytes)
        case .mfaAnswer: TenantAnswers.readMFA(bytes)
        case .params: Requests.readParams(bytes)
        case .pinentryConfiguration: Pinentries.readConfiguration(bytes)
        case .pinentryLines: Pinentries.readLines(bytes)
        case .processStatus: Processes.readStatus(bytes)
        case .record: Records.read(bytes)
        case .request: Requests.read(bytes)
        case .sshConnection: AgentAnswers.readSSHConnection(bytes)
        case .storedNames: Records.readStoredNames(bytes)
        case .success: TenantAnswers.readSuccess(bytes)
        case .text: Texts.read(bytes)
        case .tokenResponse: Tokens.readResponse(bytes)
        case .verifiedClaims: Tokens.readVerified(bytes)
        case .workerLines: KeyringMessages.readLines(bytes)
        case .workerMessage: KeyringMessages.read(bytes)
        }
    }
}
