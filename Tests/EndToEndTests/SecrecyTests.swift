import DevTenant
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Secrecy")
struct SecrecyTests {
    @Test("no secret is logged, written to a file, or seen in a command line or environment")
    func keepsSecrets() async throws {
        var options = Options()
        options.clients = [Client(authentication: .secretPost("confidential-4711"))]
        try await withRunningAgent(options, profile: ["client_auth": "client_secret_post"]) { agent in
            var seen = Sightings()
            try await Self.live(with: agent, &seen)
            seen.look(at: await agent.log, "standard error of posternd")
            try seen.look(inFilesUnder: agent.desktop.home)
            try seen.look(inFilesUnder: agent.desktop.runtimeDirectory)

            let secrets = await agent.tenant.knownSecrets
            #expect(Set(secrets.map(\.kind)) == [.code, .accessToken, .refreshToken, .idToken, .clientSecret])
            #expect(seen.places.count > 20)
            #expect(seen.leaks(of: secrets) == [])
            #expect(try await agent.stop() == .status(0))

            // The same look finds what is there to be found.
            let planted = agent.desktop.home.appending(path: ".cache/leak")
            try FileManager.default.createDirectory(
                at: planted.deletingLastPathComponent(), withIntermediateDirectories: true)
            for secret in secrets {
                try Data("token=\(secret.value);".utf8).write(to: planted)
                var second = Sightings()
                try second.look(inFilesUnder: agent.desktop.home)
                #expect(second.leaks(of: [secret]) == ["\(secret.kind) in \(planted.path)"])
            }
            // Every test looks for leaks when it ends.
            try FileManager.default.removeItem(at: planted)
        }
    }

    @Test("nothing that a second factor is proven or set up with is logged, or shown to whoever asks for the state")
    func keepsFactors() async throws {
        try await withFactors([]) { agent in
            var seen = Sightings()
            let (login, _) = try await agent.startSecondFactor()
            try await login.answer(["enroll": ["type": "phone", "phone_number": .string(Reachable.phone)]])
            seen.look(at: try await login.step().text, "a phone being set up")
            let enrolled = try await login.answer(["enroll": ["type": "otp"]])
            seen.look(at: try await login.step().text, "an app being set up")
            let code = try await oathtoolCode(#require(enrolled["secret"]?.string))
            try await login.answer(code: code)

            let recovery = try #require(
                await agent.tenant.authenticators(of: RunningAgent.person).first { $0.kind == .recoveryCode })
            let (second, _) = try await agent.startSecondFactor()
            let refusal = try await second.refusal(of: ["code": .string(code)])
            seen.look(at: "\(refusal?.message ?? "") \(refusal?.data.text ?? "")", "the error of a code used twice")
            try await second.answer(["recovery_code": .string(recovery.value)])
            seen.look(at: try await second.step().text, "the end")
            seen.look(at: try await agent.call("agent.status").text, "status")
            seen.look(at: await agent.log, "standard error of posternd")
            try seen.look(inFilesUnder: agent.desktop.home)
            try seen.look(inFilesUnder: agent.desktop.runtimeDirectory)

            let secrets = await agent.tenant.knownSecrets
            #expect(
                Set(secrets.map(\.kind)).isSuperset(of: [.code, .mfaToken, .oobCode, .totpSecret, .recoveryCode]))
            #expect(seen.leaks(of: secrets) == [])
        }
    }

    @Test("no answer and no event on the socket has a refresh token or a client's secret in it")
    func keepsToItself() async throws {
        var options = Options()
        options.clients = [Client(authentication: .secretPost("confidential-4711"))]
        try await withRunningAgent(options, profile: ["client_auth": "client_secret_post"]) { agent in
            var seen = Sightings()
            @discardableResult
            func ask(_ method: String, _ params: JSON = [:]) async throws -> JSON {
                let connection = try agent.connect()
                try connection.request(method, params)
                let line = try #require(try await connection.line())
                seen.look(at: line, method)
                return JSON(text: line)?["result"] ?? .null
            }
            let events = try agent.connect()
            try await events.call("events.subscribe")
            try await ask("client_secret.set", ["profile": "work", "secret": "confidential-4711"])
            let login: JSON = ["login_id": try await ask("login.start")["login_id"] ?? .null]
            for method in ["login.wait", "login.resend"] { try await ask(method, login) }
            let code = try await agent.tenant.nextCode(for: RunningAgent.person)
            let end = try await ask("login.answer", ["login_id": login["login_id"] ?? .null, "code": .string(code)])
            #expect(end["step"]?["kind"] == "signed_in")
            let calls: [(String, JSON)] = [
                ("agent.hello", [:]), ("token.get", [:]), ("token.get", ["force": true]), ("idtoken.get", [:]),
                ("mfa.list", [:]), ("mfa.enroll", ["type": "otp"]), ("mfa.remove", ["id": "x"]),
                ("keyring.unlock", [:]), ("agent.reload", [:]), ("profile.list", [:]), ("agent.status", [:]),
                ("profile.add", ["name": "more", "domain": "more.example.com", "client_id": "x"]),
                ("profile.remove", ["name": "more"]), ("login.start", ["restart": true]),
            ]
            for (method, params) in calls { try await ask(method, params) }
            await agent.tenant.order(.refusal(400, "invalid_request", "No."), at: .token, grant: .refreshToken)
            try await ask("token.get", ["force": true])
            try await ask("login.cancel", ["login_id": try await ask("login.start")["login_id"] ?? .null])
            try await ask("logout")
            var last = ""
            while !last.contains(#""signed_out""#) {
                last = try #require(try await events.line())
                seen.look(at: last, "an event")
            }

            let secrets = await agent.tenant.knownSecrets
            let own = secrets.filter { [.refreshToken, .clientSecret].contains($0.kind) }
            #expect(Set(own.map(\.kind)).count == 2)
            #expect(seen.leaks(of: own) == [])
            // The same look finds what is there to be found.
            #expect(Set(seen.leaks(of: secrets.filter { $0.kind == .accessToken })) == ["accessToken in token.get"])
        }
    }

    /// A sign-in with its errors, refreshes with theirs, and a sign-out, with a look at everything on the way.
    private static func live(with agent: RunningAgent, _ seen: inout Sightings) async throws {
        func keep(_ result: ChildProcess.Result, _ what: String) {
            seen.look(at: result.error, "standard error of \(what)")
        }
        keep(try await agent.postern("client-secret", "set", "work", input: "confidential-4711\n"), "client-secret")
        try await agent.withPostern("login") { child in
            let code = try await withDeadline { try await agent.tenant.nextCode(for: RunningAgent.person) }
            try child.write("48302957\n\(code)\n")
            try await withDeadline { try await child.line(of: .error) { $0.contains("That code is wrong.") } }
            let result = try await withDeadline { await child.result() }
            #expect(result.exit == .status(0))
            keep(result, "login")
        }
        let token = try await agent.postern("token")
        keep(token, "token")
        keep(try await agent.postern("header"), "header")
        keep(try await agent.postern("token", "--rejected", "-", input: token.output), "token --rejected")
        for fault in [Fault.page(503), .rateLimited(retryAfter: 600), .refusal(400, "invalid_request", "No."), .hangUp]
        {
            await agent.tenant.order(fault, at: .token, grant: .refreshToken)
            let error = try await agent.refusal(of: "token.get", ["force": true, "wait": 1])
            seen.look(at: error?.message ?? "", "an error")
            seen.look(at: error?.data.text ?? "", "an error's data")
        }
        seen.look(at: try await agent.call("agent.status").text, "status")
        try seen.look(atProcess: await agent.processID)
        await agent.tenant.order(.idToken(.otherSubject), at: .token, grant: .refreshToken)
        keep(try await agent.postern("token", "--rejected", "-", input: try await agent.token()), "a broken refresh")
        try seen.look(inFilesUnder: agent.desktop.home)
        keep(try await agent.postern("logout"), "logout")
        keep(try await agent.postern("token", "--json"), "token after logout")
        try seen.look(atProcess: await agent.processID)
    }
}

/// Text found in places where no secret may be.
private struct Sightings {
    private(set) var places: [(place: String, text: String)] = []

    mutating func look(at text: String, _ place: String) {
        places.append((place, text))
    }

    /// Every regular file, read byte by byte as Latin-1: a secret is ASCII, whatever stands around it.
    mutating func look(inFilesUnder directory: URL) throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
        for path in names.map({ directory.appending(path: $0).path }) {
            let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
            guard type == .typeRegular, let bytes = FileManager.default.contents(atPath: path) else { continue }
            look(at: String(bytes.map { Character(Unicode.Scalar($0)) }), path)
        }
    }

    /// The command line and environment of a process and its children, as far as this user may read them.
    mutating func look(atProcess id: Int32) throws {
        for file in ["cmdline", "environ"] {
            // proc(5): of a process that is not dumpable, only root may read the environment.
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(id)/\(file)") else {
                #expect(file == "environ" && geteuid() != 0)
                continue
            }
            #expect(!bytes.isEmpty || file == "environ")
            look(at: String(decoding: bytes, as: UTF8.self), "\(file) of \(id)")
        }
        for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/task") {
            let children = FileManager.default.contents(atPath: "/proc/\(id)/task/\(thread)/children") ?? Data()
            for child in String(decoding: children, as: UTF8.self).split(separator: " ").compactMap({ Int32($0) }) {
                try look(atProcess: child)
            }
        }
    }

    func leaks(of secrets: [KnownSecret]) -> [String] {
        secrets.flatMap { secret in
            places.filter { contains(secret, $0.text) }.map { "\(secret.kind) in \($0.place)" }
        }
    }

    /// A code of six digits may well be part of a longer number.
    private func contains(_ secret: KnownSecret, _ text: String) -> Bool {
        var rest = text[...]
        while let range = rest.firstRange(of: secret.value) {
            let around = [text[..<range.lowerBound].last, text[range.upperBound...].first]
            if secret.kind != .code || !around.contains(where: { $0?.isNumber == true }) { return true }
            rest = text[range.upperBound...]
        }
        return false
    }
}
