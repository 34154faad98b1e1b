import ArgumentParser
import PosternProtocol

/// How a second factor shows that the person is there, in the words of the command line: the tenant's type `phone` is
/// two of them.
enum FactorWay: String, CaseIterable {
    case otp, sms, voice, email, push, recovery

    /// What can be set up; recovery codes come with the first of these.
    static let enrollable: [Self] = [.otp, .sms, .voice, .email, .push]

    init(_ type: Factor.Kind, channel: String?) {
        self =
            switch type {
            case .otp: .otp
            case .phone: channel == "voice" ? .voice : .sms
            case .email: .email
            case .push: .push
            case .recoveryCode: .recovery
            }
    }

    var type: Factor.Kind {
        switch self {
        case .otp: .otp
        case .sms, .voice: .phone
        case .email: .email
        case .push: .push
        case .recovery: .recoveryCode
        }
    }

    /// Which of a type's two ways it is, as the tenant calls it.
    var channel: String? { type == .phone ? rawValue : nil }

    /// Whether its codes are sent to the person, so that another one can be.
    var isSent: Bool { type == .phone || type == .email }

    /// What a person may type in the place of a number in a list.
    var names: [String] { [rawValue, type.rawValue] }

    var words: String {
        switch self {
        case .otp: "authenticator app"
        case .sms: "text message"
        case .voice: "phone call"
        case .email: "e-mail"
        case .push: "push notification"
        case .recovery: "recovery code"
        }
    }

    /// How its set-up is reported as done.
    var setUpWords: String {
        switch self {
        case .otp: "The authenticator app is set up."
        case .sms: "Text messages are set up."
        case .voice: "Phone calls are set up."
        case .email: "E-mail is set up."
        case .push: "Push notifications are set up."
        case .recovery: "The recovery code is set up."
        }
    }

    /// What is asked before it can be set up.
    var addressQuestion: String? {
        switch type {
        case .phone: "Phone number (such as +4915112345678): "
        case .email: "E-mail address: "
        case .otp, .push, .recoveryCode: nil
        }
    }

    /// Such as "Code sent by text message to XXX1234: ".
    func codePrompt(sentTo address: String?) -> String {
        let to = address.map { " to \($0)" } ?? ""
        return switch self {
        case .otp: "Code from your authenticator app: "
        case .sms, .email: "Code sent by \(words)\(to): "
        case .voice: "Code given by phone call\(to): "
        case .push, .recovery: "Code: "
        }
    }
}

extension FactorWay: ExpressibleByArgument {
    static let allValueStrings = enrollable.map(\.rawValue)

    init?(argument: String) {
        guard let way = Self(rawValue: argument), Self.enrollable.contains(way) else { return nil }
        self = way
    }
}

extension Factor {
    var way: FactorWay { FactorWay(type, channel: channel) }

    /// Such as "text message to XXX1234".
    var words: String {
        guard let name else { return way.words }
        return switch way {
        case .otp, .recovery: "\(way.words) (\(name))"
        case .sms, .voice, .email, .push: "\(way.words) to \(name)"
        }
    }
}

extension LoginStep.EnrollConfirm {
    /// Nil for a type that is newer than this version.
    var way: FactorWay? { Factor.Kind(rawValue: type).map { FactorWay($0, channel: channel) } }
}
