import Foundation
import HTTPTypes

/// `GET /mfa/authenticators` and `DELETE /mfa/authenticators/{id}`.
extension DevTenant {
    func listAuthenticators(_ call: Call) throws -> Answer {
        let (_, user) = try mfaBearer(call, scope: "read:authenticators")
        let list = user.authenticators.map { authenticator in
            var members: [String: JSON] = [
                "id": .string(authenticator.id),
                "authenticator_type": .string(authenticator.kind.type),
                "active": .bool(authenticator.isActive),
            ]
            members.merge(channelMember(of: authenticator.kind)) { _, new in new }
            members["name"] = authenticator.name.map(JSON.string)
            if options.mfa.listsTypes { members["type"] = .string(authenticator.kind.factor) }
            return JSON.object(members)
        }
        return .json(200, .array(list), charset: true)
    }

    /// Nothing but an access token counts here. What shares the device goes along; a verified e-mail address stays.
    func deleteAuthenticator(_ call: Call) throws -> Answer {
        let (session, user) = try mfaBearer(call, scope: "remove:authenticators")
        guard session.isManagement else { throw Refusal.invalidBearer }
        let id = String(call.path.dropFirst(Endpoint.authenticatorPrefix.count)).removingPercentEncoding
        guard let authenticator = user.authenticators.first(where: { $0.id == id }) else {
            throw Refusal.authenticatorNotFound
        }
        guard authenticator.kind != .email else {
            throw Refusal.invalidRequest("An e-mail authenticator cannot be deleted")
        }
        users.update(user.id) { $0.authenticators.removeAll { $0.device == authenticator.device } }
        return Answer(204, headers: [.contentType: "application/json"])
    }

    /// The channel under the name and in the shape that the options ask for; nothing for what has none.
    func channelMember(of kind: Authenticator.Kind) -> [String: JSON] {
        guard let channel = kind.channel.map(JSON.string) else { return [:] }
        return switch options.mfa.channelMember {
        case .singular: ["oob_channel": channel]
        case .plural: ["oob_channels": channel]
        case .list: ["oob_channels": [channel]]
        }
    }
}
