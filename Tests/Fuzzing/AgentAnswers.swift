import Foundation
import Glibc
import OutsideInput
import PosternProtocol

@testable import Agent
@testable import postern

/// What the command reads: the agent's answers, and what sshd says.
enum AgentAnswers {
    static func read(_ line: [UInt8]) {
        readAll(line)
        if let token = PlainTokenCommand.token(in: line),
            let answer = try? Client.read(line, of: GetToken.self, as: TokenRequest.Answer.self)
        {
            check((try? answer.token) == token, "the short way comes to the same")
        }
        guard let member = RawJSON.member("result", of: line) else { return }
        let shown = RawJSON.shown(member)
        checkShown(shown, "JSON")
        check(value(shown) == value(member), "JSON that is shown says the same")
    }

    private static func readAll(_ line: [UInt8]) {
        read(line, Hello.self)
        read(line, GetStatus.self)
        read(line, GetToken.self)
        read(line, GetIDToken.self)
        read(line, StartLogin.self)
        read(line, ListFactors.self)
        read(line, Logout.self)
        read(line, ListProfiles.self)
        // What does not decode is passed on in the agent's own words.
        if let event = try? JSONDecoder().decode(EventNotification.self, from: Data(line)) { checkRoundTrip(event) }
    }

    private static func read<R: Request>(_ line: [UInt8], _ method: R.Type) {
        do throws(Failure) {
            checkRoundTrip(try Client.read(line, of: method, as: R.Response.self))
        } catch {
            check(!error.message.isEmpty || error.agentError != nil, "a failure says something")
        }
    }

    private static func value(_ json: String) -> JSONValue? {
        // What does not decode is compared as nil.
        try? JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
    }

    static func readLines(_ bytes: [UInt8]) {
        let limit = 64
        let (lines, isTooLong) = MemoryFile.with(bytes) { file in
            var reader = LineReader(descriptor: file.descriptor, limit: limit)
            var lines: [[UInt8]] = []
            do {
                while let line = try reader.next(nil) { lines.append(line) }
                return (lines, false)
            } catch {
                return (lines, true)
            }
        }
        var expected = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        if expected.last?.isEmpty == true { expected.removeLast() }
        check(lines == Array(expected.prefix(lines.count)), "the lines are what stands between line breaks")
        check(isTooLong || lines.count == expected.count, "no line is lost")
    }

    static func readSSHConnection(_ bytes: [UInt8]) {
        // A variable of the environment ends at its first NUL.
        guard let address = RemoteAddress(connection: text(bytes.prefix { $0 != 0 })) else { return }
        check(Profile.isIPAddress(address.text), "the agent takes the address for one")
        checkShown(address.text, "an address")
    }
}
