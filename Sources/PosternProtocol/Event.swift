/// Something that happened in the agent, as subscribers are told of it: the params of the notification `event`.
package struct Event: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case signedIn = "signed_in"
        case signedOut = "signed_out"
        case refreshed
        /// Somebody must sign in; `cause` as in error 1001.
        case loginRequired = "login_required"
        case mfaRequired = "mfa_required"
        /// The sign-in nears the end of the tenant's absolute lifetime: `login_ends_at`.
        case loginEnding = "login_ending"
        /// The tenant refused a refresh token that should be valid: somebody else may have used it.
        case reuseSuspected = "reuse_suspected"
        /// A newer refresh token is held than the keyring has.
        case unsaved
        case saved
        /// The keyring's state changed: `keyring`.
        case keyring
        case offline, online
        /// The agent serves nothing, or again: `cause` is `screen` or `passphrase`.
        case locked, unlocked
        /// The machine's network has changed: what could not be reached may be now.
        case network
        case reloaded
        /// A sign-in has begun, by the process `pid`; `sent_to` is the masked address that the code went to, if one was sent.
        case loginStarted = "login_started"
        case profileAdded = "profile_added"
        case profileRemoved = "profile_removed"
        /// A client's secret was put into the keyring: `kind` is `secret` or `private_key`.
        case secretSet = "secret_set"
        case factorAdded = "factor_added"
        /// `factor` is its identifier.
        case factorRemoved = "factor_removed"
    }

    package var type: Kind
    package var profile: String?
    package var at: UnixTime
    package var cause: String?
    package var loginEndsAt: UnixTime?
    package var keyring: KeyringState?
    package var sentTo: String?
    /// Absent if the process is of a PID namespace that the agent cannot see.
    package var pid: Int?
    /// Who has signed in.
    package var account: Account?
    package var secretKind: String?
    package var factor: String?

    package init(_ type: Kind, profile: String? = nil, at: UnixTime) {
        self.type = type
        self.profile = profile
        self.at = at
    }

    private enum CodingKeys: String, CodingKey {
        case type, profile, at, cause
        case loginEndsAt = "login_ends_at"
        case keyring
        case sentTo = "sent_to"
        case pid, account
        case secretKind = "kind"
        case factor
    }
}

/// `events.subscribe`: from the answer on, events are sent over this connection as notifications. Another one replaces what was asked for.
package struct SubscribeToEvents: Request {
    package static let method = "events.subscribe"
    package typealias Response = Empty

    /// Only events of this profile; without it, all.
    package var profile: String?

    package init(profile: String? = nil) {
        self.profile = profile
    }

    package enum CodingKeys: CodingKey, CaseIterable {
        case profile
    }
}

/// The notification that tells of an event (JSON-RPC 2.0, section 4.1).
package struct EventNotification: Codable, Sendable {
    package static let method = "event"

    package var jsonrpc = "2.0"
    package var method = EventNotification.method
    package var params: Event

    package init(_ event: Event) {
        params = event
    }
}
