import Testing

@testable import Auth0

@Suite("A username")
struct PasswordlessStartTests {
    @Test(
        "it holds no control character, whatever the connection",
        arguments: [
            "a\n@example.com", "a@example.com\u{0}", "a@example.com\r", "a@exa\tmple.com", "a\u{9B}@example.com",
        ])
    func controls(username: String) {
        for connection in ["email", "sms", "custom"] {
            #expect(PasswordlessStart.problem(with: username, connection: connection) != nil)
        }
    }

    @Test("a good one is accepted")
    func good() {
        #expect(PasswordlessStart.problem(with: "ada@example.com", connection: "email") == nil)
        #expect(PasswordlessStart.problem(with: "+4915112345678", connection: "sms") == nil)
        #expect(PasswordlessStart.problem(with: "anything", connection: "custom") == nil)
    }
}
