import Foundation
import Testing

@testable import Auth0

@Suite("A secret")
struct SecretTests {
    private static let secret = Secret("s3cret")

    @Test("it is redacted in every rendering")
    func redacted() {
        struct Holder { var secret: Secret?; var list: [Secret] }
        let holder = Holder(secret: Self.secret, list: [Self.secret])
        var dumped = ""
        dump(holder, to: &dumped)
        var printed = ""
        print(Self.secret, holder, [Self.secret], to: &printed)
        let error = Auth0Error(.malformedTokens(refreshToken: Self.secret), "x")
        let renderings = [
            "\(Self.secret)", String(describing: Self.secret), String(reflecting: Self.secret), "\(holder)",
            String(reflecting: holder), dumped, printed, "\(error)", String(reflecting: error),
            "\(Mirror(reflecting: Self.secret).children.map { "\($0)" })",
        ]
        for text in renderings {
            #expect(!text.contains("s3cret"), "\(text)")
        }
    }

    @Test("it is revealed on demand, and equal by its value")
    func revealed() {
        #expect(Self.secret.revealed == "s3cret")
        #expect(Self.secret == Secret("s3cret"))
        #expect(Self.secret != Secret("S3cret"))
        #expect(Secret("").revealed.isEmpty)
    }

    @Test("it goes through a record and back")
    func coded() throws {
        let json = try JSONEncoder().encode(["token": Self.secret])
        #expect(String(decoding: json, as: UTF8.self) == #"{"token":"s3cret"}"#)
        #expect(try JSONDecoder().decode([String: Secret].self, from: json)["token"] == Self.secret)
    }
}
