import PosternProtocol

/// `postern token [PROFILE]` and `postern header [PROFILE]` without options: what scripts call, over and over.
///
/// ArgumentParser and Foundation's JSON are most of what such a call costs, measured 15.4 of 15.7 million instructions
/// and 1.8 of 2.6 ms, so these two short cuts are taken: the arguments are looked at and the request is written here,
/// and so is the answer read if it is a token as the agent writes it. Everything else, errors above all, goes the way
/// of all commands. PlainTokenCommandTests prove that both ways come to the same.
struct PlainTokenCommand {
    private let line: (String) -> String
    private let profile: String?

    /// Nil if there is more to the arguments.
    init?(_ arguments: [String]) {
        guard let command = arguments.first, arguments.count <= 2 else { return nil }
        switch command {
        case "token": line = TokenCommand.line
        case "header": line = HeaderCommand.line
        default: return nil
        }
        profile = arguments.count == 2 ? arguments[1] : Environment["POSTERN_PROFILE"]
        // Nothing that is an option, or that JSON would have to escape.
        if let profile, !profile.utf8.allSatisfy(Self.isPlain) || profile.utf8.first == UInt8(ascii: "-") { return nil }
    }

    func run(_ terminal: Terminal) throws {
        let client = try Client(path: AgentOptions.socketPath(nil))
        let params = profile.map { "\"profile\":\"\($0)\"" } ?? ""
        let answer = try client.exchange(#"{"jsonrpc":"2.0","id":1,"method":"token.get","params":{"# + params + "}}")
        let token =
            try Self.token(in: answer) ?? Client.read(answer, of: GetToken.self, as: TokenRequest.Answer.self).token
        try terminal.answer(line(token))
    }

    /// The token of a successful answer; nil if it is not one, or not written as plainly as it could be.
    static func token(in line: [UInt8]) -> String? {
        guard case .object(let members)? = try? StrictJSON.outline(of: line[...]),
            !members.contains(where: { $0.name == "error" }),
            let result = members.first(where: { $0.name == "result" })?.value,
            case .object(let parts)? = try? StrictJSON.outline(of: line[result]),
            let value = parts.first(where: { $0.name == "access_token" })?.value,
            line[value.lowerBound] == UInt8(ascii: "\"")
        else { return nil }
        let token = line[value].dropFirst().dropLast()
        return token.allSatisfy(isPlain) ? String(decoding: token, as: UTF8.self) : nil
    }

    /// Of the characters of names and tokens (RFC 6750, section 2.1).
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/=".utf8.contains(byte)
        }
    }
}
