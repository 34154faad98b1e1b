import Foundation
import OutsideInput

@testable import Agent
@testable import Auth0

/// Files whose author is the user, or whoever the user has copied them from.
enum ConfigurationFile {
    static func read(_ bytes: [UInt8]) {
        // It would have another file read, which may be any of this machine.
        guard bytes.firstRange(of: Array("ca_file".utf8)) == nil else { return }
        MemoryFile.with(bytes) { file in
            do throws(ConfigurationError) {
                checkRules(of: try Configuration.read([file.path]))
                // The same file over itself changes nothing.
                check(
                    try Configuration.read([file.path, file.path]) == Configuration.read([file.path]), "it is merged")
            } catch {
                checkShown(error.description, "an error")
            }
        }
    }

    private static func checkRules(of configuration: Configuration) {
        let agent = configuration.agent
        check((0...86_400).contains(agent.minTTL) && (0...600).contains(agent.wait), "times are in their range")
        check((1...65_536).contains(agent.maxConnections), "the number of connections is in its range")
        check(agent.defaultProfile.map { configuration.profile($0) != nil } ?? true, "the default profile is there")
        check(Set(configuration.profiles.map(\.name)).count == configuration.profiles.count, "no name stands twice")
        for profile in configuration.profiles {
            check(Profile.isValid(name: profile.name), "a profile has a name")
            check(profile.scope.split(separator: " ").contains("openid"), "openid is asked for")
            check((0...86_400).contains(profile.refreshMargin), "the margin is in its range")
            check((0...86_400).contains(profile.rotationOverlap), "the overlap is in its range")
            check((60...31_557_600).contains(profile.sessionLifetime), "the lifetime is in its range")
            let texts = [profile.clientID, profile.connection, profile.scope] + profile.audiences
            for text in texts + [profile.username, profile.audience, profile.language].compactMap(\.self) {
                checkShown(text, "a value")
            }
            check((try? Issuer(url: profile.issuer.description)) == profile.issuer, "the issuer is one")
        }
    }

    static func readCertificates(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        do throws(TrustAnchors.Invalid) {
            let anchors = try TrustAnchors(pem: text)
            check((1...TrustAnchors.limit).contains(anchors.certificates.count), "there are some certificates")
            check(anchors.digests.count == anchors.certificates.count, "each certificate has a digest of its own")
            let pem = anchors.certificates.map { certificate in
                "-----BEGIN CERTIFICATE-----\n\(Data(certificate).base64EncodedString())\n-----END CERTIFICATE-----\n"
            }
            check(try TrustAnchors(pem: pem.joined()) == anchors, "they are read as they are written")
        } catch {
            checkShown(error.reason, "an error")
        }
    }
}
