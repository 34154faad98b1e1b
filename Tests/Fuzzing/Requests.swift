import Foundation
import Logging
import NIOPosix
import PosternProtocol

@testable import Agent
@testable import Auth0

/// What any program that may open the socket sends.
enum Requests {
    // MARK: Lines

    static func readLines(_ bytes: [UInt8]) {
        readLines(bytes, inPiecesOf: [1, 2, 7, 64])
    }

    /// A `*` stands for so many letters that 64 bytes more are a line of the greatest length.
    static func readLongLines(_ bytes: [UInt8]) {
        let letters = [UInt8](repeating: UInt8(ascii: "x"), count: LineSplitter.limit - 64)
        let parts = bytes.split(separator: UInt8(ascii: "*"), maxSplits: 2, omittingEmptySubsequences: false)
        var lines = Array(parts[0])
        for part in parts.dropFirst() {
            lines += letters
            lines += part
        }
        readLines(lines, inPiecesOf: [64 * 1024, LineSplitter.limit + 1])
    }

    private static func readLines(_ bytes: [UInt8], inPiecesOf sizes: [Int]) {
        let whole = lines(bytes, inPiecesOf: max(bytes.count, 1))
        for size in sizes {
            check(lines(bytes, inPiecesOf: size) == whole, "lines do not depend on the pieces")
        }
        let expected = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line -> LineSplitter.Element? in
            guard line.count <= LineSplitter.limit else { return .tooLong }
            return line.contains { !" \r\t".utf8.contains($0) } ? .line(Array(line)) : nil
        }
        check(whole == expected, "the lines are what stands between line breaks")
        for case .line(let line) in whole {
            check(
                !line.contains(UInt8(ascii: "\n")) && line.count <= LineSplitter.limit, "a line is one, and no longer")
        }
    }

    private static func lines(_ bytes: [UInt8], inPiecesOf size: Int) -> [LineSplitter.Element] {
        var splitter = LineSplitter()
        var found: [LineSplitter.Element] = []
        func take() {
            while let length = splitter.nextLength() {
                let next = splitter.next()
                if case .line(let line) = next { check(line.count == length, "a line has the length that was told") }
                next.map { found.append($0) }
            }
            check(splitter.next() == nil, "no line comes that has no length")
        }
        for start in stride(from: 0, to: bytes.count, by: size) {
            splitter.feed(bytes[start..<min(start + size, bytes.count)])
            take()
        }
        splitter.finish()
        take()
        check(!splitter.hasPartialLine, "nothing is left behind")
        return found
    }

    // MARK: Requests

    /// An agent that has never been started: its methods are found, and never called.
    private static let handler: RequestHandler = {
        let agent = Agent(
            environment: ["HOME": "/nonexistent"], keyring: MemoryStore(),
            client: HTTPTransport.makeClient(on: MultiThreadedEventLoopGroup.singleton), clock: FixedClock(),
            log: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
        return RequestHandler(methods: Methods(agent: agent))
    }()

    static func read(_ line: [UInt8]) {
        // A line has none (LineSplitter).
        guard !line.contains(UInt8(ascii: "\n")) else { return }
        switch handler.read(line) {
        case .request(let request): checkAnswer(to: request)
        case .batch(let elements):
            check((1...RequestHandler.batchLimit).contains(elements.count), "a batch has its limit")
            for element in elements { checkAnswer(to: handler.read(element: line[element])) }
        }
        guard let outline = try? StrictJSON.outline(of: line[...]),
            let request = try? IncomingRequest(line[...], outline)
        else { return }
        do throws(AgentError) {
            _ = try handler.methods.work(of: request.method, params: request.params)
        } catch {
            checkError(error)
        }
    }

    private static func checkAnswer(to request: RequestHandler.ReadRequest) {
        check(request.size >= 0, "a request has a size")
        guard let answer = handler.refusal(of: request, AgentError(.busy, "No.")) else { return }
        checkLine(answer)
    }

    private static func checkLine(_ answer: Answer) {
        let line = answer.pieces.flatMap(\.self)
        check(line.count == answer.count, "an answer has the size that is counted")
        check(!line.contains(UInt8(ascii: "\n")), "an answer is one line")
        check((try? StrictJSON.outline(of: line[...])) != nil, "an answer is JSON")
    }

    private static func checkError(_ error: AgentError) {
        checkShown(error.message, "an error's message")
        checkShown(error.data.hint, "an error's hint")
        checkLine(RequestHandler.complaint(error))
    }

    // MARK: Params

    private static let methods: [any Request.Type] = [
        Hello.self, GetStatus.self, Reload.self, UnlockKeyring.self, GetToken.self, GetIDToken.self, StartLogin.self,
        AnswerLogin.self, ResendCode.self, WaitForLogin.self, CancelLogin.self, ListFactors.self, EnrollFactor.self,
        RemoveFactor.self, Logout.self, ListProfiles.self, AddProfile.self, RemoveProfile.self, SetClientSecret.self,
        SubscribeToEvents.self,
    ]

    static func readParams(_ params: [UInt8]) {
        // Nothing else is asked for params.
        guard (try? StrictJSON.outline(of: params[...])) != nil else { return }
        for method in methods { read(params, of: method) }
    }

    private static func read<R: Request>(_ params: [UInt8], of method: R.Type) {
        let plain = method == GetToken.self ? GetToken(plain: params[...]) : nil
        do throws(AgentError) {
            let request = try Methods.decode(method, from: params[...])
            checkRoundTrip(request)
            if let plain { check(encoded(plain) == encoded(request), "the short way comes to the same") }
            if let profile = request as? AddProfile { checkProfile(profile) }
        } catch {
            check(plain == nil, "the short way reads nothing that the usual one refuses")
            checkError(error)
        }
    }

    private static func encoded(_ value: some Encodable) -> [UInt8]? {
        // What cannot be written is compared as nil; checkRoundTrip(_:) says that it can.
        try? Methods.encode(value)
    }

    private static func checkProfile(_ request: AddProfile) {
        // It would have a file read, which may be any of this machine.
        guard request.settings[.caFile] == nil else { return }
        let entries = request.settings.map { KeyFile.Entry(key: $0.key.rawValue, value: $0.value) }
        do throws(ConfigurationError) {
            try Configuration.check(entries, ofProfile: request.name, file: "file")
            check(Profile.isValid(name: request.name), "a profile has a name")
        } catch {
            checkShown(error.description, "an error")
        }
    }
}
