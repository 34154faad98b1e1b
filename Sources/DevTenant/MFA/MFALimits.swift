/// What one person may try and be sent, as Auth0 limits it. Success gives nothing back.
struct MFALimits: Sendable {
    var wrongCodes = RateLimit(.init(burst: 10, period: 3600))
    var wrongRecoveryCodes = RateLimit(.init(burst: 10, period: 3600))
    /// Text messages and calls.
    var texts = RateLimit(.init(burst: 10, period: 36_000))
    var mails = RateLimit(.init(burst: 20, period: 1200))
    var pushes = RateLimit(.init(burst: 5, period: 60))
}
