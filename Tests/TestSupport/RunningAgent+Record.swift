package import DevTenant
import Foundation

extension RunningAgent {
    package static func attributes(of profile: String) -> [String: String] {
        ["application": "postern", "kind": "session", "profile": profile]
    }

    /// What the keyring holds for a profile, as another program reads it; nil if there is nothing.
    package nonisolated func record(of profile: String = "work") async throws -> JSON? {
        try await desktop.secret(Self.attributes(of: profile)).flatMap { JSON(text: $0) }
    }

    /// Alters the record behind the agent's back; it is to be stopped meanwhile.
    package nonisolated func rewriteRecord(
        of profile: String = "work", _ change: (inout [String: JSON]) -> Void
    ) async throws {
        guard var members = try await record(of: profile)?.object else { throw POSIXError(.ENOENT) }
        change(&members)
        try await desktop.store(JSON.object(members).text, Self.attributes(of: profile))
    }

    /// Restarts the daemon with a record whose access tokens have all expired.
    package func restartWithExpiredTokens(_ profile: String = "work") async throws {
        try await stop()
        try await rewriteRecord(of: profile) { record in
            guard case .array(let tokens)? = record["tokens"] else { return }
            let past = Int(Date.now.timeIntervalSince1970) - 60
            record["tokens"] = .array(
                tokens.map { token in
                    var token = token.object ?? [:]
                    token["issued_at"] = .integer(past - 86_400)
                    token["expires_at"] = .integer(past)
                    return .object(token)
                })
        }
        try await start()
    }
}

/// A refresh did not end as a test needs it.
package struct NotUnsaved: Error {
    package var answer: JSON?
    package var status: JSON
}

extension RunningAgent {
    /// Has a refresh rotate, whose result the keyring does not take because of what `trouble` does when the tenant has the request.
    ///
    /// - Returns: the new access token, which is handed out all the same.
    @discardableResult
    package nonisolated func rotateUnsaved(_ trouble: () async throws -> Void) async throws -> String {
        await tenant.order(.hold, at: .token, grant: .refreshToken)
        let connection = try connect()
        try connection.request("token.get", ["force": true])
        try await withDeadline { [tenant] in try await tenant.requestHeld(at: .token, grant: .refreshToken) }
        try await trouble()
        await tenant.release()
        let answer = try await connection.answer()
        let status = try await status()
        guard answer?["result"]?["from"] == "refresh", status["saved"] == false,
            let token = answer?["result"]?["access_token"]?.string
        else { throw NotUnsaved(answer: answer, status: status) }
        return token
    }
}
