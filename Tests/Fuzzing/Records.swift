import Foundation
import Glibc
import PosternProtocol

@testable import Agent
@testable import Auth0

/// What the keyring and systemd's store give back: any program of the user can have put it there.
enum Records {
    static func read(_ bytes: [UInt8]) {
        // Something else than a record is refused.
        guard let credentials = try? Credentials(json: text(bytes), at: FixedClock()) else { return }
        let account = credentials.account.shown
        for text in [account.sub, account.email, account.phoneNumber, account.name] { checkShown(text, "a person") }
        check(credentials.token?.value.isBearerToken ?? true, "a token can be sent")
        checkSaving(credentials)
    }

    /// What was read or issued can be saved, and the next process reads the same, less what a refresh brings again.
    static func checkSaving(_ credentials: Credentials) {
        guard let json = try? credentials.json(at: FixedClock()) else { return check(false, "it can be saved") }
        check(json.utf8.count <= Credentials.recordLimit, "a record has its limit")
        guard let again = try? Credentials(json: json, at: FixedClock()) else {
            return check(false, "what was saved can be read")
        }
        var expected = credentials
        if again.token == nil { expected.token = nil }
        if again.idToken == nil { expected.idToken = nil }
        check(again == expected, "a record is read as it was written")
    }

    static func readClientSecret(_ bytes: [UInt8]) {
        // Something else than a record is refused.
        guard let record = try? ClientSecret(json: text(bytes)) else { return }
        check((1...ClientSecret.limit).contains(record.secret.revealed.utf8.count), "a secret has its limit")
        checkRoundTrip(record)
    }

    /// Each line is a name in the store. The record under it is the name itself.
    static func readStoredNames(_ bytes: [UInt8]) {
        // A service manager around the fuzzer is not to be told anything.
        unsetenv("NOTIFY_SOCKET")
        let names = bytes.split(separator: UInt8(ascii: "\n")).prefix(16).map { text($0) }
        let unsaved = UnsavedRecords(
            inherited: names.map { ($0, MemoryFile(Array($0.utf8)).descriptor) })
        for name in names {
            let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, unsaved.isKept(of: parts[2]) else { continue }
            check(Profile.isValid(name: parts[2]), "a record is a profile's")
            guard let kept = unsaved.inherited(of: parts[2])?.revealed else { return check(false, "a record is read") }
            check(kept.hasPrefix("unsaved.") && kept.hasSuffix(".\(parts[2])"), "the record is the profile's own")
            guard name.hasPrefix("unsaved."), let serial = Int(parts[1]), let keptSerial = serialNumber(of: kept) else {
                continue
            }
            check(keptSerial >= serial || serial > 1 << 48 || String(serial) != parts[1], "the newest record is kept")
        }
    }

    private static func serialNumber(of name: String) -> Int? {
        Int(name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)[1])
    }
}
