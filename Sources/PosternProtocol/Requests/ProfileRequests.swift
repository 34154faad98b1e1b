/// `profile.list`: the configured profiles and how each stands.
package struct ListProfiles: Request {
    package static let method = "profile.list"

    package init() {}

    package enum CodingKeys: CodingKey, CaseIterable {}

    package struct Response: Codable, Equatable, Sendable {
        package var profiles: [ProfileStatus]

        package init(profiles: [ProfileStatus]) {
            self.profiles = profiles
        }
    }
}

/// `profile.add`: writes a profile into the user's configuration file.
///
/// The params beside `name` are the keys of a `[profile NAME]` group, with the file's own syntax for values; numbers may also be JSON numbers.
package struct AddProfile: Request {
    package static let method = "profile.add"
    package typealias Response = Empty

    package var name: String
    package var settings: [Key: String]

    package init(name: String, settings: [Key: String]) {
        self.name = name
        self.settings = settings
    }

    package typealias Key = CodingKeys

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case name, domain, issuer
        case clientID = "client_id"
        case clientAuth = "client_auth"
        case connection, username, send, audience, scope, audiences
        case authParams = "auth_params"
        case persist, refresh
        case refreshMargin = "refresh_margin"
        case rotationOverlap = "rotation_overlap"
        case sessionLifetime = "session_lifetime"
        case language
        case forwardedFor = "forwarded_for"
        case callbackPort = "callback_port"
        case caFile = "ca_file"
        case confirm, lock
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        settings = [:]
        for key in container.allKeys where key != .name {
            if let number = try? container.decode(Int.self, forKey: key) {  // not a number: then it must be a string
                settings[key] = String(number)
            } else {
                settings[key] = try container.decode(String.self, forKey: key)
            }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        for (key, value) in settings {
            try container.encode(value, forKey: key)
        }
    }
}

/// `profile.remove`: signs the profile out and takes it out of the user's configuration file, whatever comes of the sign-out.
package struct RemoveProfile: Request {
    package static let method = "profile.remove"

    package var name: String
    /// Do not sign out.
    package var keep: Bool?

    package init(name: String, keep: Bool? = nil) {
        self.name = name
        self.keep = keep
    }

    package enum CodingKeys: CodingKey, CaseIterable {
        case name, keep
    }

    /// What `logout` answered; empty with ``keep``.
    package struct Response: Codable, Equatable, Sendable {
        package var revoked: Bool?
        package var deleted: Bool?
        package var reason: String?

        package init(revoked: Bool? = nil, deleted: Bool? = nil, reason: String? = nil) {
            self.revoked = revoked
            self.deleted = deleted
            self.reason = reason
        }
    }
}

/// `client_secret.set`: puts a confidential client's secret or private key into the keyring; exactly one of the two.
package struct SetClientSecret: Request {
    package static let method = "client_secret.set"
    package typealias Response = Empty

    package var profile: String
    package var secret: String?
    /// PEM.
    package var privateKey: String?

    package init(profile: String, secret: String? = nil, privateKey: String? = nil) {
        self.profile = profile
        self.secret = secret
        self.privateKey = privateKey
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case profile, secret
        case privateKey = "private_key"
    }
}
