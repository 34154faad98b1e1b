/// Whom a tenant asks for a second factor, and when.
package enum MFAPolicy: String, Sendable, CaseIterable {
    case never
    /// Everybody who signs in; who has no factor has to enrol one.
    case always
    /// Who has an active factor, when they sign in.
    case enrolled
    /// Everybody, at each sign-in and at each refresh.
    case refresh
}
