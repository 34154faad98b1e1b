import Foundation

/// Everybody who was ever sent a message, by id and by address.
struct Users: Sendable {
    private var byID: [String: User] = [:]
    private var idByAddress: [Address: String] = [:]

    subscript(id: String) -> User? { byID[id] }

    func find(_ address: Address) -> User? { idByAddress[address].flatMap { byID[$0] } }

    /// Every user with this e-mail address or phone number, in whichever connection.
    func find(_ value: String) -> [User] {
        byID.values.filter { $0.address.value == value || $0.address.value == value.lowercased() }
    }

    /// The record for an address, made now if there was none.
    mutating func record(for address: Address, now: Date) -> User {
        if let user = find(address) { return user }
        let user = User(id: RandomText.hex(digits: 24), address: address, created: now)
        byID[user.id] = user
        idByAddress[address] = user.id
        return user
    }

    mutating func update(_ id: String, _ change: (inout User) -> Void) {
        guard var user = byID[id] else { return }
        change(&user)
        byID[id] = user
    }

    /// Forgets a user; the same address signs up as somebody new.
    mutating func remove(_ id: String) {
        guard let user = byID.removeValue(forKey: id) else { return }
        idByAddress[user.address] = nil
    }
}
