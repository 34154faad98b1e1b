/// Who is signed in, as the ID token says.
package struct Account: Codable, Equatable, Sendable {
    /// The tenant's identifier of the person, such as `email|5f85…`.
    package var sub: String
    package var email: String?
    package var phoneNumber: String?
    package var name: String?

    package init(sub: String, email: String? = nil, phoneNumber: String? = nil, name: String? = nil) {
        self.sub = sub
        self.email = email
        self.phoneNumber = phoneNumber
        self.name = name
    }

    private enum CodingKeys: String, CodingKey {
        case sub, email
        case phoneNumber = "phone_number"
        case name
    }
}
