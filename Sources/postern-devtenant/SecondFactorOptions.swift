import ArgumentParser
import DevTenant

/// Whom the tenant asks for a second factor, and what people may enrol.
struct SecondFactorOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Who has to prove a second factor: nobody, everybody at each sign-in, those who have one, or everybody at \
            each sign-in and each refresh.
            """))
    var mfa = MFAPolicy.never

    @Option(
        help: ArgumentHelp(
            """
            What the demand for a second factor says about those to choose from: nothing, the factors as customizable \
            MFA names them (lists of them have types too, then), or the types of challenge.
            """, valueName: "shape"))
    var mfaRequirements = Options.MFA.Requirements.absent

    @Option(
        help: ArgumentHelp(
            "What people may enrol, separated by commas: otp, sms, voice, email, push. Without it, all of them.",
            valueName: "factors"),
        transform: Self.factors)
    var enroll: [Authenticator.Kind] = [.otp, .sms, .voice, .email, .push]

    @Flag(help: "Give no recovery code with the first enrolment.")
    var noRecoveryCodes = false

    @Option(
        help: ArgumentHelp(
            "Whoever asks sooner than this whether a push was approved is told to slow down.", valueName: "seconds"))
    var pushInterval: Double = 0

    func validate() throws {
        guard pushInterval >= 0 else { throw ValidationError("--push-interval must not be negative.") }
    }

    var options: Options.MFA {
        var options = Options.MFA()
        options.policy = mfa
        options.requirements = mfaRequirements
        options.listsTypes = mfaRequirements == .factors
        options.pollInterval = pushInterval
        options.enrollment = enroll
        options.givesRecoveryCodes = !noRecoveryCodes
        return options
    }

    private static func factors(_ list: String) throws -> [Authenticator.Kind] {
        try list.split(separator: ",").map { name in
            guard let kind = Authenticator.Kind(rawValue: String(name)), kind != .recoveryCode else {
                throw ValidationError("\(name) is none of: otp, sms, voice, email, push.")
            }
            return kind
        }
    }
}

extension MFAPolicy: ExpressibleByArgument {}

extension Options.MFA.Requirements: ExpressibleByArgument {}
