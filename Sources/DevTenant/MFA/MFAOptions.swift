extension Options {
    /// How multi-factor authentication is set up, and which of the shapes that sources disagree about is spoken.
    package struct MFA: Sendable {
        /// What `mfa_required` says about the factors to choose from.
        package enum Requirements: String, Sendable, CaseIterable {
            /// Nothing, as where a tenant-wide policy asks for MFA.
            case absent
            /// `{"challenge": [{"type"}]}` or, with nothing enrolled, `{"enroll": [{"type"}]}`: customizable MFA.
            case factors
            /// `{"challenge_types": []}`, and no `error_description`: the sample of database connections.
            case challengeTypes = "challenge-types"
        }

        /// How lists and enrolments name the channel of an authenticator.
        package enum ChannelMember: Sendable {
            /// `oob_channel`, as recorded.
            case singular
            /// `oob_channels` with a string.
            case plural
            /// `oob_channels` with an array of one.
            case list
        }

        /// Can be changed while the tenant runs, and for single persons.
        package var policy = MFAPolicy.never
        package var requirements = Requirements.absent
        package var channelMember = ChannelMember.singular
        /// Lists show `type`, as they do with customizable MFA.
        package var listsTypes = false
        /// What can be enrolled.
        package var enrollment: [Authenticator.Kind] = [.otp, .sms, .voice, .email, .push]
        /// The first enrolment brings a recovery code.
        package var givesRecoveryCodes = true
        /// An access token for the MFA API counts as `mfa_token` in confirming an enrolment; reports contradict.
        package var takesAccessTokens = true

        /// The status of `mfa_required`; one source has 401.
        package var requiredStatus = 403
        /// The status of `expired_token`; SDKs expect 401 too.
        package var expiredStatus = 403

        /// Seconds an `mfa_token` lives; not documented.
        package var tokenLifetime: Double = 600
        /// Seconds an `oob_code`, and the code sent with it, lives.
        package var challengeLifetime: Double = 300
        /// Attempts at the OOB exchange that one `mfa_token` has in a minute.
        package var pollLimit = 12
        /// Seconds between two polls for a push; a poll that comes sooner is answered `slow_down` (RFC 8628, section 3.5).
        package var pollInterval: Double = 0

        package init() {}
    }
}
