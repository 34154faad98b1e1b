import DevTenant
import Foundation
import FoundationNetworking
import Testing

@Suite("Faults on order", .timeLimit(.minutes(5)))
struct FaultTests {
    @Test("a lost answer leaves the rotation applied")
    func loseAnswer() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            await tenant.order(.loseAnswer, at: .token, grant: .refreshToken)
            await #expect(throws: URLError.self) { try await client.refresh(token) }
            #expect(try await client.refresh(token).error == "invalid_grant")
            let requests = await tenant.requests(to: .token, grant: .refreshToken)
            #expect(requests.map(\.status) == [nil, 403])
            #expect(requests.map { $0.refreshToken?.latest } == [0, 1])
        }
    }

    @Test(
        "a connection closed or reset before the work leaves everything as it was", arguments: [Fault.hangUp, .reset])
    func hangUp(_ fault: Fault) async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            await tenant.order(fault, at: .token, times: 2)
            for _ in 1...2 { await #expect(throws: URLError.self) { try await client.refresh(token) } }
            #expect(try await client.refresh(token).status == 200)
        }
    }

    @Test("a held request waits until it is released, and others overtake it")
    func hold() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            await tenant.order(.hold, at: .token, grant: .refreshToken)
            async let answer = client.refresh(token)
            try await tenant.requestHeld(at: .token, grant: .refreshToken)
            #expect(try await client.get(".well-known/jwks.json").status == 200)
            #expect(await tenant.requests(to: .token, grant: .refreshToken).first?.status == nil)
            await tenant.release()
            #expect(try await answer.status == 200)
        }
    }

    @Test("a held answer has its work done already")
    func holdAnswer() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            await tenant.order(.holdAnswer, at: .token)
            async let answer = client.refresh(token)
            try await tenant.requestHeld(at: .token)
            #expect(try await client.refresh(token).error == "invalid_grant")
            await tenant.release()
            #expect(try await answer.status == 200)
        }
    }

    @Test("a tenant that is asked to end lets go of what it holds")
    func holdAtTheEnd() async throws {
        let tenant = try DevTenant()
        await tenant.order(.hold, at: .keys)
        let answer = try await tenant.serving {
            let client = await TenantClient(tenant)
            let answer = Task { try await client.get(".well-known/jwks.json") }
            try await tenant.requestHeld(at: .keys)
            return answer
        }
        // Served or dropped: what counts is that the end came.
        _ = await answer.result
    }

    @Test("a fault strikes its endpoint and grant alone, as often as ordered, in the order of ordering")
    func queue() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            await tenant.order(.refusal(503, "temporarily_unavailable"), at: .token, grant: .refreshToken, times: 2)
            await tenant.order(.answer(Answer(500)), at: .token, grant: .refreshToken)
            let login = try await client.signIn(to: tenant)
            let token = try #require(login["refresh_token"])
            var statuses: [Int] = []
            for _ in 1...4 { statuses.append(try await client.refresh(token).status) }
            #expect(statuses == [503, 503, 500, 200])
        }
    }

    @Test("pages, rate limits, redirects and old shapes are answered as ordered")
    func answers() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            func answer(_ fault: Fault) async throws -> TenantClient.Response {
                await tenant.order(fault, at: .token)
                return try await client.refresh("any")
            }
            let portal = try await answer(.page())
            #expect(portal.status == 200)
            #expect(portal.headers["content-type"] == "text/html")
            let limited = try await answer(.rateLimited(retryAfter: 7))
            #expect(limited.status == 429)
            #expect(limited.headers["retry-after"] == "7")
            let reset = try await answer(.rateLimited(reset: 1_800_000_000))
            #expect(reset.headers["retry-after"] == nil)
            #expect(reset.headers["x-ratelimit-reset"] == "1800000000")
            let legacy = try await answer(.legacyError(400, code: "user_exists", description: ["a": 1]))
            #expect(legacy.json?["description"]?["a"] == 1)
            #expect(try await answer(.answer(Answer(500))).text.isEmpty)
        }
    }

    @Test("a redirect is a 307 with its target")
    func redirect() async throws {
        try await DevTenant.withRunning { tenant in
            await tenant.order(.redirect(to: "https://elsewhere.example/"), at: .token)
            let answer = try await TenantClient(tenant).refresh("any")
            #expect(answer.status == 307)
            #expect(answer.headers["location"] == "https://elsewhere.example/")
        }
    }

    @Test(
        "members of a token answer can be replaced or left out",
        arguments: [
            ["expires_in": "86400"], ["expires_in": "3600.5"], ["expires_in": 0], ["expires_in": -1],
            ["expires_in": nil], ["token_type": "bearer"], ["token_type": "DPoP"], ["scope": nil],
            ["scope": "openid"], ["access_token": nil], ["error": "access_denied"],
        ] as [[String: JSON]])
    func members(changes: [String: JSON]) async throws {
        try await DevTenant.withRunning { tenant in
            await tenant.order(.members(changes), at: .token)
            let answer = try await TenantClient(tenant).signIn(to: tenant)
            #expect(answer.status == 200)
            #expect(answer.json?["id_token"] != nil)
            for (name, value) in changes { #expect(answer.json?[name] == (value == .null ? nil : value)) }
        }
    }

    @Test("a flawed ID token is flawed in the one point ordered", arguments: IDTokenFlaw.allCases)
    func idTokens(flaw: IDTokenFlaw) async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            await tenant.order(.idToken(flaw), at: .token)
            let token = try #require(try await client.signIn(to: tenant)["id_token"])
            let parts = token.split(separator: ".", omittingEmptySubsequences: false)
            let claims = try #require(payload(of: token))
            let header = try #require(payload(of: "header." + (parts.first ?? "")))
            switch flaw {
            case .unknownKey:
                let keys = try await client.get(".well-known/jwks.json").text
                #expect(!keys.contains(header["kid"]?.string ?? keys))
            case .unsecured:
                #expect(header["alg"] == "none")
                #expect(parts.last?.isEmpty == true)
            case .sharedSecret: #expect(header["alg"] == "HS256")
            case .badSignature: #expect(parts.count == 3)
            case .issuerWithoutSlash: #expect(claims["iss"] == .string(String(client.issuer.dropLast())))
            case .otherAudience: #expect(claims["aud"] == "somebody-else")
            case .severalAudiences:
                #expect(claims["aud"] == ["postern-dev", "somebody-else"])
                #expect(claims["azp"] == "postern-dev")
            case .severalAudiencesWithoutParty: #expect(claims["azp"] == nil)
            case .expired: #expect((claims["exp"]?.integer ?? .max) < (claims["iat"]?.integer ?? 0))
            case .withoutSubject: #expect(claims["sub"] == nil)
            case .otherSubject:
                let next = try await client.signIn(to: tenant)
                #expect(claims["sub"] != payload(of: next["id_token"])?["sub"])
            case .withoutIssueTime: #expect(claims["iat"] == nil)
            }
        }
    }

    @Test("MFA can be demanded on a sign-in and on a refresh, with requirements or without")
    func mfaRequired() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            await tenant.order(.mfaRequired(), at: .token)
            let plain = try await client.signIn(to: tenant)
            #expect(plain.status == 403)
            #expect(plain.error == "mfa_required")
            #expect(plain.description == "Multifactor authentication required")
            #expect(plain["mfa_token"]?.hasPrefix("Fe26.2*") == true)
            #expect(plain.json?["mfa_requirements"] == nil)
            let token = try #require(try await client.signIn(to: tenant)["refresh_token"])
            let requirements: JSON = ["challenge": [["type": "otp"]]]
            await tenant.order(.mfaRequired(requirements: requirements), at: .token, grant: .refreshToken)
            #expect(try await client.refresh(token).json?["mfa_requirements"] == requirements)
            #expect(try await client.refresh(token).status == 200)
        }
    }

    @Test("an oversized body is as long as ordered")
    func oversized() async throws {
        try await DevTenant.withRunning { tenant in
            await tenant.order(.body(.oversized(bytes: 3_000_000)), at: .keys)
            let answer = try await TenantClient(tenant).get(".well-known/jwks.json")
            #expect(answer.text.utf8.count == 3_000_000)
        }
    }

    @Test("a garbled body is no answer")
    func garbled() async throws {
        try await DevTenant.withRunning { tenant in
            await tenant.order(.body(.garbled), at: .keys)
            await #expect(throws: URLError.self) { try await TenantClient(tenant).get(".well-known/jwks.json") }
        }
    }

    @Test(
        "a stalled, a trickling and an endless body begin and do not end",
        arguments: [Answer.Body.stalled, .trickling, .endless])
    func unfinished(body: Answer.Body) async throws {
        try await DevTenant.withRunning { tenant in
            await tenant.order(.body(body), at: .keys)
            let request = try await TenantClient(tenant).request("GET", ".well-known/jwks.json")
            let receiver = Receiver()
            let session = URLSession(configuration: .ephemeral, delegate: receiver, delegateQueue: nil)
            let task = session.dataTask(with: request)
            task.resume()
            var chunks = receiver.chunks.makeAsyncIterator()
            #expect(await chunks.next()?.first == UInt8(ascii: "{"))
            #expect(task.state == .running)
            session.invalidateAndCancel()
        }
    }
}

/// Hands on the bytes of a body as they come in.
private final class Receiver: NSObject, URLSessionDataDelegate {
    let chunks: AsyncStream<Data>
    private let continuation: AsyncStream<Data>.Continuation

    override init() {
        (chunks, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        continuation.yield(data)
    }
}
