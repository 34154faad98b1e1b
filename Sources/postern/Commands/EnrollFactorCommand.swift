import ArgumentParser
import PosternProtocol

/// `postern mfa enroll`.
struct EnrollFactorCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "enroll",
        abstract: "Set up a factor.",
        discussion: """
            otp is an authenticator app, push the Guardian app; both scan a QR code, which qrencode draws on a terminal. \
            sms and voice take a phone number, email an address; what is not given is asked for.

              postern mfa enroll otp
              postern mfa enroll sms --phone +4915112345678
            """)

    @Argument(help: "What to set up.", completion: .list(FactorWay.allValueStrings))
    var type: FactorWay

    @Option(help: ArgumentHelp("The phone number, for sms and voice.", valueName: "number"))
    var phone: String?

    @Option(help: ArgumentHelp("The e-mail address, for email.", valueName: "address"))
    var email: String?

    @OptionGroup var options: AgentOptions

    func validate() throws {
        if phone != nil, type.type != .phone {
            throw ValidationError("--phone is for sms and voice, not for \(type.rawValue).")
        }
        if email != nil, type.type != .email {
            throw ValidationError("--email is for email, not for \(type.rawValue).")
        }
    }

    func run() throws {
        let access = try FactorAccess(options)
        let dialogue = access.dialogue(for: .enrollment)
        let noAddress = Failure("No address was given to set up.", status: ExitStatus.badData)
        let profile = try options.profile(or: nil)
        let begun = try dialogue.withAddress(for: type, given: phone ?? email, else: noAddress) { address in
            try access.begin(EnrollFactor(profile: profile, type, address: address))
        }
        let end = try dialogue.finish(begun)
        if options.json { try access.terminal.answer(json: end.json) }
    }
}

extension EnrollFactor {
    fileprivate init(profile: String?, _ way: FactorWay, address: String?) {
        self.init(profile: profile, type: way.type.rawValue)
        channel = way.channel
        phoneNumber = way.type == .phone ? address : nil
        email = way.type == .email ? address : nil
    }
}
