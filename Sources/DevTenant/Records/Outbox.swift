import Foundation
import OutsideInput

/// The messages that would have been sent, in order, and who has read how far.
struct Outbox: Sendable {
    private(set) var messages: [Message] = []
    private var read: [String: Int] = [:]

    mutating func add(
        to address: String, connection: String, code: String, link: String? = nil, language: String?,
        forwardedFor: String?, at now: Date
    ) {
        messages.append(
            Message(
                index: messages.count, to: address, connection: connection, code: code, link: link,
                language: language, forwardedFor: forwardedFor,
                sentAt: Bounded.whole(now.timeIntervalSince1970, in: Bounded.times) ?? 0))
    }

    func messages(to address: String) -> [Message] {
        messages.filter { $0.to == address || $0.to == address.lowercased() }
    }

    /// The oldest message to `address` that was not read yet; reading marks it.
    mutating func readNext(to address: String) -> Message? {
        let count = read[address, default: 0]
        guard let message = messages(to: address).dropFirst(count).first else { return nil }
        read[address] = count + 1
        return message
    }
}
