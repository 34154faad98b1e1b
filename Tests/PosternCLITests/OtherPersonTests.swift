import PosternProtocol
import Testing

@testable import postern

@Suite("An address that is not the account's")
struct OtherPersonTests {
    private static func status(
        _ username: String?, email: String? = "ada@example.com", phone: String? = nil,
        state: ProfileStatus.State = .signedIn
    ) -> ProfileStatus {
        var status = ProfileStatus(
            name: "work", issuer: "https://a.example/", state: state, persist: "keyring", saved: true)
        status.username = username
        status.account = Account(sub: "email|1", email: email, phoneNumber: phone)
        return status
    }

    @Test("is said before a sign-in, with what will happen")
    func different() {
        for status in [
            Self.status("eve@example.com"), Self.status("+4915112345678"),
            Self.status("+49151", email: nil, phone: "+49152"),
        ] {
            #expect(status.otherPersonWarning?.contains("another person may come out") == true)
            #expect(status.otherPersonWarning?.contains("postern logout work") == true)
        }
        let ended = Self.status("eve@example.com", state: .loginRequired).otherPersonWarning
        #expect(ended?.contains("takes the place") == true)
    }

    @Test("another spelling is no other address, and what cannot be compared is not called different")
    func same() {
        for status in [
            Self.status("ADA@Example.com"), Self.status(nil), Self.status("+49 (151) 1234-5", phone: "+4915112345"),
            Self.status("eve@example.com", email: nil),
        ] {
            #expect(status.otherPersonWarning == nil)
        }
        var nobody = Self.status("eve@example.com")
        nobody.account = nil
        #expect(nobody.otherPersonWarning == nil)
    }

    @Test(
        "postern login says so on stderr before it asks for a code, of the profile that is meant",
        arguments: [true, false])
    func login(isNamed: Bool) throws {
        func profile(_ name: String, _ username: String, _ more: String) -> String {
            """
            {"name":"\(name)","issuer":"https://a.example/","state":"signed_in","persist":"keyring","saved":true,\
            "username":"\(username)","account":{"sub":"email|1","email":"ada@example.com"}\(more)}
            """
        }
        var session = Session(script: [.init(method: "login.start", reply: .refusal(1014, "No."))])
        session.profiles =
            "[\(profile("other", "ada@example.com", "")),\(profile("work", "eve@example.com", #","default":true"#))]"
        let ending = try isNamed ? session.run("login", "work") : session.run("login")
        #expect(ending.words.contains("another person may come out of this sign-in"))
        #expect(ending.output.isEmpty)
        #expect(try !session.run("login", "other").words.contains("another person"))
    }
}
