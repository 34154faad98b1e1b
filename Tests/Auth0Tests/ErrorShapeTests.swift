import DevTenant
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import Auth0

@Suite("The shapes of errors")
struct ErrorShapeTests {
    private static func read(
        _ status: Int, _ body: String, headers: [String: String] = [:], from call: TenantCall = .exchange
    ) async throws -> Auth0Error {
        let result = Box<Auth0Error?>(nil)
        try await TenantFixture.run { fixture in
            var answer = Answer.text(status, body, type: "application/json")
            for (name, value) in headers {
                answer.headers[try #require(HTTPField.Name(name))] = value
            }
            await fixture.order(.answer(answer), at: call)
            result.set(await fixture.error(call))
        }
        return try #require(result.value)
    }

    @Test("an older endpoint's body, its description a text or an object")
    func legacy() async throws {
        let text = try await Self.read(
            400, #"{"name":"BadRequestError","code":"invalid_user_password","description":"Wrong.","statusCode":400}"#)
        #expect(text.kind == .wrongCode)
        #expect(text.description == "Wrong.")
        let object = try await Self.read(
            400, #"{"name":"E","code":"bad.email","description":{"rules":[]},"statusCode":400}"#)
        #expect(object.kind == .invalidAddress)
        #expect(object.description == nil)
    }

    @Test("a sentence in the place of a code")
    func sentence() async throws {
        let error = try await Self.read(403, #"{"error":"Client authentication is required"}"#)
        #expect(error.kind == .misconfigured)
        #expect(error.description == "Client authentication is required")
    }

    @Test("the edge's body")
    func edge() async throws {
        let error = try await Self.read(
            429,
            #"{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}"#
        )
        #expect(error.kind == .rateLimited(retryAfter: nil))
        #expect(error.error == "too_many_requests")
        #expect(error.description == "Global limit has been reached")
    }

    @Test("members that nobody knows do no harm")
    func unknownMembers() async throws {
        let error = try await Self.read(
            400,
            #"{"error":"invalid_request","error_description":"x","validation_errors":[{"field":"email"}],"error_uri":1}"#
        )
        #expect(error.kind == .misconfigured)
        #expect(error.description == "x")
    }

    @Test(
        "what is no JSON goes by its status",
        arguments: [
            (400, "A plain-text error response", Auth0Error.Kind.notJSON), (404, "", .notJSON), (500, "", .serverError),
            (502, "<html></html>", .serverError), (503, "[]", .serverError), (400, "{}", .notJSON),
            (400, "null", .notJSON),
            (200, "<html>Sign in to the network</html>", .notJSON), (200, "", .notJSON), (200, "{", .notJSON),
        ])
    func notJSON(status: Int, body: String, kind: Auth0Error.Kind) async throws {
        #expect(try await Self.read(status, body).kind == kind)
    }

    @Test("an error in an answer of status 200 is one all the same")
    func okWithError() async throws {
        let error = try await Self.read(
            200, #"{"error":"invalid_grant","error_description":"Wrong email or verification code."}"#)
        #expect(error.kind == .wrongCode)
    }

    @Test(
        "a rate limit says when to come again: Retry-After, else X-RateLimit-Reset",
        arguments: [
            (["Retry-After": "120"], 120), (["X-RateLimit-Reset": "1800000030"], 30),
            (["Retry-After": "7", "X-RateLimit-Reset": "1800000030"], 7), (["X-RateLimit-Reset": "1700000000"], 0),
            (["Retry-After": "999999999"], 86_400), (["X-RateLimit-Reset": "1e300"], 86_400),
            (["Retry-After": "-5"], nil), (["Retry-After": "soon"], nil), ([:], nil),
            (["X-RateLimit-Reset": "nan"], nil), (["X-RateLimit-Reset": "inf"], nil), (["X-RateLimit-Reset": "-1"], 0),
            (["X-RateLimit-Reset": "1e400"], 86_400), (["X-RateLimit-Reset": "-1e400"], 0),
            (["X-RateLimit-Reset": "0x1p9"], nil), (["X-RateLimit-Reset": "1800000000.5"], 1),
            (["Retry-After": "99999999999999999999"], 86_400), (["Retry-After": "nan"], nil),
            (["Retry-After": "1e400"], 86_400), (["Retry-After": ""], nil),
            (["Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"], nil),
            (["Retry-After": "Fri, 31 Dec 99999 23:59:59 GMT", "X-RateLimit-Reset": "1800000030"], 30),
        ] as [([String: String], Int?)])
    func retryAfter(headers: [String: String], seconds: Int?) async throws {
        let error = try await Self.read(429, #"{"error":"too_many_requests"}"#, headers: headers)
        #expect(error.kind == .rateLimited(retryAfter: seconds))
    }

    @Test("text of the tenant is printable wherever it goes")
    func printable() async throws {
        let error = try await Self.read(
            403, #"{"error":"access\u001b[31m_denied","error_description":"a\u0007\nb\u202ec\u009b"}"#)
        #expect(error.error == "access [31m_denied")
        #expect(error.description == "a b c")
    }

    @Test("an error tells nothing of the secrets that were sent")
    func secrets() async throws {
        try await TenantFixture.run(authentication: .secretPost(Secret("s3cret"))) { fixture in
            for call in TenantCall.allCases {
                await fixture.order(.refusal(403, "x", "y"), at: call)
                let text = String(reflecting: try #require(await fixture.error(call)))
                for secret in ["s3cret", "a refresh token", "123456", "an mfa token", "an oob code", "a recovery code"]
                {
                    #expect(!text.contains(secret))
                }
            }
        }
    }

    @Test(
        "a refresh token is revoked only where the tenant says so",
        arguments: [
            (200, "", true), (200, "OK", true), (200, "{}", true), (202, "", false), (204, "", false),
            (206, "OK", false), (200, " OK\r\n", true), (200, "portal", false), (200, "[]", false),
            (200, #""<html>""#, false), (200, "OK, later", false),
            (200, #"{"error":"unsupported_token_type"}"#, false), (200, "<html>a captive portal</html>", false),
            (302, "", false), (401, "{}", false), (503, "", false),
        ])
    func revocation(status: Int, body: String, isRevoked: Bool) async throws {
        try await TenantFixture.run { fixture in
            await fixture.order(.answer(.text(status, body, type: "application/json")), at: .revoke)
            #expect(await (fixture.error(.revoke) == nil) == isRevoked)
        }
    }
}

/// A value that a test takes out of a closure.
final class Box<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value { mutex.withLock { $0 } }

    func set(_ value: Value) { mutex.withLock { $0 = value } }
}
