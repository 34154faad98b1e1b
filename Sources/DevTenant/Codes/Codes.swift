import Foundation

/// The one-time codes that are out, at most one per connection and address.
struct Codes: Sendable {
    /// How a connection's codes behave; Auth0's defaults.
    struct Rules: Sendable {
        var length = 6
        /// Seconds.
        var lifetime: Double = 180
        var attempts = 3
    }

    /// What became of a try.
    enum Verdict: Equatable {
        case right
        case wrong
        case exhausted
        case expired
    }

    private struct Code: Sendable {
        let value: String
        let issued: Date
        var failures = 0
    }

    let rules: Rules
    private var codes: [Address: Code] = [:]

    init(rules: Rules) {
        self.rules = rules
    }

    /// Makes a new code; the one before it is dead from now on.
    mutating func issue(to address: Address, now: Date) -> String {
        var value = ""
        repeat {
            value = RandomText.digits(rules.length)
        } while codes[address]?.value == value
        codes[address] = Code(value: value, issued: now)
        return value
    }

    /// Tries `value`; a right one is used up by it. The last of the wrong tries already answers `exhausted`, as the live
    /// service was seen to do.
    mutating func redeem(_ value: String, of address: Address, now: Date) -> Verdict {
        guard var code = codes[address] else { return .wrong }
        guard code.failures < rules.attempts else { return .exhausted }
        guard now < code.issued + rules.lifetime else { return .expired }
        guard code.value == value else {
            code.failures += 1
            codes[address] = code
            return code.failures < rules.attempts ? .wrong : .exhausted
        }
        codes[address] = nil
        return .right
    }
}
