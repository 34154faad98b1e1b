import Foundation
import OutsideInput
import PosternProtocol

@testable import Agent
@testable import Auth0

/// Texts and numbers wherever they come from, and JSON as the socket has it.
enum Texts {
    static func read(_ bytes: [UInt8]) {
        let text = text(bytes)
        let printable = TenantText.printable(text)
        checkShown(printable, "a tenant's text")
        check(printable.utf8.count <= 2048, "a tenant's text is short")
        check(TenantText.printable(printable).isSame(as: printable), "what is printable stays as it is")
        checkShown(text.escaped, "an escaped text")
        checkShown(text.shown, "a text in an error")
        for limit in [3, 16, 2048] {
            check(text.cut(toBytes: limit).utf8.count <= limit, "a cut text has its length")
        }
        let scope = TenantScope.cut(text)
        check(scope.utf8.count <= TenantScope.byteLimit && TenantScope.cut(scope) == scope, "a scope is cut once")
        check(SignInAddress(SignInAddress(text).normalized) == SignInAddress(text), "an address is normalized once")
        readNumber(text)
        // Either may refuse the text.
        for issuer in [try? Issuer(url: text), try? Issuer(domain: text)].compactMap(\.self) {
            check((try? Issuer(url: issuer.description)) == issuer, "an issuer is read as it is written")
            checkShown(issuer.description, "an issuer")
        }
    }

    private static func readNumber(_ text: String) {
        // Also what the product would never convert: NaN and infinity.
        let number = Double(text)
        check(Bounded.number(text) == nil || Bounded.number(text) == number, "a number is the one that is written")
        guard let number else { return }
        for range in [Bounded.times, -1...1, Int.min...Int.max] {
            check(Bounded.whole(number, in: range).map(range.contains) ?? number.isNaN, "a number is in its range")
        }
        let length = Bounded.duration(seconds: number)
        check(length >= .seconds(-100_000_000_000) && length <= .seconds(100_000_000_000), "a time is not too long")
    }

    static func readJSON(_ bytes: [UInt8]) {
        guard let outline = try? StrictJSON.outline(of: bytes[...]) else {
            check(StrictJSON.string(bytes[...]) == nil || outlineFails(bytes), "a string is JSON")
            return
        }
        check(JSONShape.isAcceptable(bytes), "what is strict is of a shape that decoders take")
        let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        check(value != nil, "what is strict can be decoded")
        // With other white space around it, it is the same; ranges are of the text that was given.
        switch outline {
        case .object(let members):
            check(Set(members.map(\.name)).count == members.count, "no name stands twice")
            for member in members { checkValue(bytes[member.value]) }
            guard case .object(let decoded)? = value else { return check(false, "an object is one for decoders") }
            check(Set(decoded.keys) == Set(members.map(\.name)), "names are those that decoders see")
        case .array(let elements):
            for element in elements { checkValue(bytes[element]) }
        case .string, .number, .literal:
            break
        }
    }

    private static func checkValue(_ text: ArraySlice<UInt8>) {
        check((try? StrictJSON.outline(of: text)) != nil, "a part of JSON is JSON")
        guard let string = StrictJSON.string(text) else { return }
        let decoded = try? JSONDecoder().decode(String.self, from: Data(text))
        check(decoded?.isSame(as: string) == true, "a string is the one that decoders see")
    }

    /// A JSON string that is no UTF-8 is refused by its outline alone.
    private static func outlineFails(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) == nil
    }
}
