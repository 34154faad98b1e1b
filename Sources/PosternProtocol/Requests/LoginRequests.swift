/// `login.start`: begins a sign-in and has a code sent, or joins the profile's live one.
package struct StartLogin: Request {
    package static let method = "login.start"
    package typealias Response = LoginState

    package var profile: String?
    /// E-mail address, or phone number in E.164 form.
    package var username: String?
    package var connection: String?
    /// `code` or `link`.
    package var send: String?
    /// The message's language, as in `Accept-Language`.
    package var language: String?
    /// The person's own address when the caller is remote (SSH).
    package var clientIP: String?
    /// Drop a live login and begin anew.
    package var restart: Bool?
    /// Where the caller can be asked.
    package var ui: UserInterface?

    package init(profile: String? = nil) {
        self.profile = profile
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case profile, username, connection, send, language
        case clientIP = "client_ip"
        case restart, ui
    }
}

/// `login.answer`: what the person typed or chose; exactly one answer at a time.
package struct AnswerLogin: Request {
    package static let method = "login.answer"
    package typealias Response = LoginState

    package var loginID: String
    package var code: String?
    /// The identifier of the factor chosen.
    package var factor: String?
    package var recoveryCode: String?
    package var enroll: Enrollment?

    package init(loginID: String) {
        self.loginID = loginID
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case loginID = "login_id"
        case code, factor
        case recoveryCode = "recovery_code"
        case enroll
    }

    /// The factor to set up.
    package struct Enrollment: Codable, Equatable, Sendable {
        package var type: String
        package var phoneNumber: String?
        package var channel: String?
        package var email: String?

        package init(type: String) {
            self.type = type
        }

        private enum CodingKeys: String, CodingKey {
            case type
            case phoneNumber = "phone_number"
            case channel, email
        }
    }
}

/// `login.resend`: sends a new code; the old one is dead.
package struct ResendCode: Request {
    package static let method = "login.resend"
    package typealias Response = LoginState

    package var loginID: String

    package init(loginID: String) {
        self.loginID = loginID
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case loginID = "login_id"
    }
}

/// `login.wait`: returns once the login has changed from what the caller has seen.
package struct WaitForLogin: Request {
    package static let method = "login.wait"
    package typealias Response = LoginState

    package var loginID: String
    /// The revision the caller knows.
    package var seen: Int?
    /// Seconds; 30 if absent.
    package var timeout: Int?

    package init(loginID: String, seen: Int? = nil, timeout: Int? = nil) {
        self.loginID = loginID
        self.seen = seen
        self.timeout = timeout
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case loginID = "login_id"
        case seen, timeout
    }
}

/// `login.cancel`: ends a live login.
package struct CancelLogin: Request {
    package static let method = "login.cancel"
    package typealias Response = Empty

    package var loginID: String

    package init(loginID: String) {
        self.loginID = loginID
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case loginID = "login_id"
    }
}

/// `logout`: forgets the profile's tokens, revokes the refresh token and deletes the keyring item.
package struct Logout: Request {
    package static let method = "logout"

    package var profile: String?
    /// Whether to tell the tenant; true if absent.
    package var revoke: Bool?

    package init(profile: String? = nil, revoke: Bool? = nil) {
        self.profile = profile
        self.revoke = revoke
    }

    package enum CodingKeys: CodingKey, CaseIterable {
        case profile, revoke
    }

    package struct Response: Codable, Equatable, Sendable {
        /// The tenant has revoked the refresh token, or there was none.
        package var revoked: Bool
        /// The keyring item is gone; false: it will be deleted as soon as the keyring can be reached.
        package var deleted: Bool
        /// What stood in the way.
        package var reason: String?

        package init(revoked: Bool, deleted: Bool, reason: String? = nil) {
            self.revoked = revoked
            self.deleted = deleted
            self.reason = reason
        }
    }
}
