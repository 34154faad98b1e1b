import DevTenant
import Foundation
import Testing

@Suite("Starting a passwordless sign-in", .timeLimit(.minutes(5)))
struct StartTests {
    private static func start(_ body: JSON, _ options: Options = Options()) async throws -> TenantClient.Response {
        try await DevTenant.withRunning(options) { tenant in
            try await TenantClient(tenant).post("passwordless/start", json: body)
        }
    }

    @Test("an e-mail address gets a six-digit code and an unverified record")
    func email() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let answer = try await client.start()
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
            #expect(answer["email"] == "ada@example.com")
            #expect(answer.json?["email_verified"] == false)
            #expect(answer["_id"]?.wholeMatch(of: /[0-9a-f]{24}/) != nil)
            #expect(try await tenant.nextCode(for: "ada@example.com").wholeMatch(of: /[0-9]{6}/) != nil)
        }
    }

    @Test("after the first right code the address is verified, under the same id")
    func verified() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let first = try await client.start()
            _ = try await client.redeem(tenant.nextCode(for: "ada@example.com"))
            let second = try await client.start()
            #expect(second.json?["email_verified"] == true)
            #expect(second["_id"] == first["_id"])
        }
    }

    @Test("a phone number gets a code, with or without send")
    func sms() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            let answer = try await client.post(
                "passwordless/start",
                json: ["client_id": "postern-dev", "connection": "sms", "phone_number": "+4915112345678"])
            #expect(answer["phone_number"] == "+4915112345678")
            #expect(answer.json?["phone_verified"] == false)
            let message = try await tenant.nextMessage(for: "+4915112345678")
            #expect(message.link == nil)
        }
    }

    @Test("a custom passwordless connection works like the one it is made after")
    func customConnection() async throws {
        var options = Options()
        options.connections.append(Connection(name: "staff-mail", strategy: .email))
        options.clients = [Client(connections: ["staff-mail"])]
        try await DevTenant.withRunning(options) { tenant in
            let client = await TenantClient(tenant)
            let started = try await client.post(
                "passwordless/start",
                json: [
                    "client_id": "postern-dev", "connection": "staff-mail", "email": "ada@example.com", "send": "code",
                ])
            #expect(started.status == 200)
            let answer = try await client.redeem(tenant.nextCode(for: "ada@example.com"), realm: "staff-mail")
            #expect(answer.status == 200)
        }
    }

    @Test(
        "a request that is wrong in itself is refused in the words on record",
        arguments: [
            (["connection": "email"], "bad.client_id", "Missing required property: client_id"),
            (["client_id": "postern-dev"], "bad.connection", "Missing required property: connection"),
            (["client_id": "nobody", "connection": "email"], "bad.connection", "Connection does not exist"),
            (["client_id": "postern-dev", "connection": "fax"], "bad.connection", "Connection does not exist"),
            (
                ["client_id": "postern-dev", "connection": "email", "colour": "red"], "bad.request",
                "the following properties are not allowed: colour"
            ),
            (
                ["client_id": "postern-dev", "connection": "email", "authParams": "scope"], "bad.authParams",
                "error in authParams - invalid type: string (expected object)"
            ),
            (
                ["client_id": "postern-dev", "connection": "email"], "bad.email", "Missing required property: email"
            ),
            (
                ["client_id": "postern-dev", "connection": "email", "email": "foo"], "bad.email",
                "error in email - email format validation failed: foo"
            ),
            (
                ["client_id": "postern-dev", "connection": "sms"], "bad.phone_number",
                "Missing required property: phone_number"
            ),
            (
                ["client_id": "postern-dev", "connection": "sms", "phone_number": "0151"], "bad.phone_number",
                "String does not match pattern: ^\\+[0-9]{1,15}$"
            ),
        ] as [(JSON, String, String)])
    func malformed(body: JSON, error: String, description: String) async throws {
        let answer = try await Self.start(body)
        #expect(answer.status == 400)
        #expect(answer.error == error)
        #expect(answer.description == description)
    }

    @Test("a disabled connection, a database and one the application may not use are refused")
    func connections() async throws {
        var options = Options()
        options.connections = [
            Connection(name: "email", strategy: .email, isEnabled: false), .sms,
            Connection(name: "Username-Password-Authentication", strategy: .database),
        ]
        options.clients = [Client(connections: ["email"])]
        func description(_ connection: JSON) async throws -> String? {
            try await Self.start(["client_id": "postern-dev", "connection": connection], options).description
        }
        #expect(try await description("email") == "Connection is disabled")
        #expect(try await description("sms") == "Connection is disabled")
        #expect(
            try await description("Username-Password-Authentication")
                == "Invalid connection strategy. It must either be a passwordless connection")
    }

    @Test("with sign-up disabled a stranger is refused")
    func signUpDisabled() async throws {
        var options = Options()
        options.connections = [Connection(name: "email", strategy: .email, allowsSignUp: false)]
        let answer = try await Self.start(
            ["client_id": "postern-dev", "connection": "email", "email": "ada@example.com"], options)
        #expect(answer.status == 400)
        #expect(answer.error == "bad.connection")
        #expect(answer.description == "Public signup is disabled")
    }

    @Test("a registration Action and a failing sms gateway answer in their own words")
    func extensibility() async throws {
        var options = Options()
        options.registrationDenial = "Only staff may sign up"
        options.messageProviderError = "Unexpected response while calling the SMS gateway: 502"
        let mail = try await Self.start(
            ["client_id": "postern-dev", "connection": "email", "email": "ada@example.com"], options)
        #expect(mail.error == "extensibility_error")
        #expect(mail.description == "Only staff may sign up")
        let text = try await Self.start(
            ["client_id": "postern-dev", "connection": "sms", "phone_number": "+1555"], options)
        #expect(text.error == "sms_provider_error")
    }

    @Test("a person blocked by an administrator hears 200 and gets no message")
    func blocked() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            _ = try await client.signIn(to: tenant)
            await tenant.block("ada@example.com")
            #expect(try await client.start().status == 200)
            #expect(await tenant.messages.count == 1)
        }
    }

    @Test("the message is in the language asked for, and auth0-forwarded-for is written down")
    func headers() async throws {
        try await DevTenant.withRunning { tenant in
            let client = await TenantClient(tenant)
            try await client.start(headers: ["x-request-language": "de", "auth0-forwarded-for": "192.0.2.7"])
            let message = try await tenant.nextMessage(for: "ada@example.com")
            #expect(message.language == "de")
            #expect(message.forwardedFor == "192.0.2.7")
            #expect(await tenant.requests(to: .start).first?.headers["auth0-forwarded-for"] == "192.0.2.7")
        }
    }

    @Test("unauthenticated calls are limited by the hour, and the headers say when the next is let in")
    func rateLimit() async throws {
        var options = Options.still
        options.startLimit = 2
        try await DevTenant.withRunning(options) { tenant in
            let client = await TenantClient(tenant)
            let first = try await client.start()
            #expect(first.headers["x-ratelimit-limit"] == "2")
            #expect(first.headers["x-ratelimit-remaining"] == "1")
            try await client.start()
            let third = try await client.start()
            #expect(third.status == 429)
            #expect(third.error == "too_many_requests")
            #expect(third.headers["x-ratelimit-remaining"] == "0")
            let reset = try #require(Double(third.headers["x-ratelimit-reset"] ?? ""))
            await tenant.advanceClock(by: reset - tenant.now.timeIntervalSince1970)
            #expect(try await client.start().status == 200)
        }
    }
}
