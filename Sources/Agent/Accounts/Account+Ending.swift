import FoundationEssentials
import Logging
import PosternProtocol

extension Account {
    /// Seconds before a login's end at which the person is warned, the earliest first. Those that would be more than a quarter of the login's whole
    /// life ahead are left out.
    static let endWarnings = [3 * 86_400, 86_400, 3600]

    /// When the tenant's absolute lifetime of the refresh token is over, however often it is rotated (`session_lifetime`); nil if there is none.
    var loginEnd: Date? {
        guard let credentials = served.credentials, credentials.refreshToken != nil else { return nil }
        return Date(unixTime: credentials.signedInAt + profile.sessionLifetime)
    }

    /// Warns of the login's end, once at each time that ``endWarnings`` names.
    ///
    /// - Returns: when the next warning is due; nil is never.
    func warnOfEnd() -> Date? {
        guard let end = loginEnd, end > now else { return nil }
        let left = end.timeIntervalSince(now)
        let warnings = Self.endWarnings.filter { $0 <= profile.sessionLifetime / 4 && $0 < warnedOfEnd ?? .max }
        if let due = warnings.last(where: { TimeInterval($0) >= left }) {
            warnedOfEnd = due
            parts.events.publish(.loginEnding, profile: profile.name) { $0.loginEndsAt = parts.clock.wallTime(of: end) }
            parts.log.warning(
                "The sign-in ends in \(end.secondsLeft(at: now) / 3600) hours and cannot be renewed; sign in anew before.",
                metadata: metadata)
            return warnOfEnd()
        }
        return warnings.first.map { end.addingTimeInterval(-TimeInterval($0)) }
    }
}
