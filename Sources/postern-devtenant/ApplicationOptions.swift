import ArgumentParser
import DevTenant
import Foundation

/// The one application of the tenant and the APIs it may call.
struct ApplicationOptions: ParsableArguments {
    @Option(help: "The application's client_id.")
    var clientID = "postern-dev"

    @Option(
        help: ArgumentHelp(
            "File with the application's secret; makes it confidential. A final newline does not count.",
            valueName: "path"))
    var clientSecretFile: String?

    @Flag(help: "Take the secret by HTTP Basic authentication instead of in the body.")
    var basic = false

    @Option(
        help: ArgumentHelp(
            "An API's identifier. Given several times, one refresh token is good for all of them.",
            valueName: "identifier"))
    var audience = ["https://api.example.com"]

    @Option(help: ArgumentHelp("Seconds an access token lives.", valueName: "seconds"))
    var accessTokenLifetime = 86_400

    @Option(help: ArgumentHelp("Seconds until a sign-in ends, however often it is refreshed.", valueName: "seconds"))
    var refreshLifetime: Double = 2_592_000

    @Option(help: ArgumentHelp("Rotation overlap period (leeway).", valueName: "seconds"))
    var rotationOverlap: Double = 0

    @Flag(help: "Do not rotate refresh tokens.")
    var noRotation = false

    @Flag(help: "APIs do not allow offline access: no refresh token where an audience is asked for.")
    var noOfflineAccess = false

    @Option(help: ArgumentHelp("Sign-ins that one network address may begin in an hour.", valueName: "count"))
    var startLimit = Options().startLimit

    var apis: [API] { audience.map { API(identifier: $0, allowsOfflineAccess: !noOfflineAccess) } }

    func validate() throws {
        guard accessTokenLifetime > 0 else { throw ValidationError("--access-token-lifetime must be positive.") }
        guard refreshLifetime > 0 else { throw ValidationError("--refresh-lifetime must be positive.") }
        guard rotationOverlap >= 0 else { throw ValidationError("--rotation-overlap must not be negative.") }
        guard startLimit > 0 else { throw ValidationError("--start-limit must be positive.") }
        if basic, clientSecretFile == nil { throw ValidationError("--basic needs --client-secret-file.") }
    }

    func client() throws -> Client {
        let resources = audience.count > 1 ? apis.map { ($0.identifier, $0.scopes.sorted()) } : []
        return Client(
            id: clientID, authentication: try authentication(),
            refreshTokens: RefreshTokenPolicy(
                rotates: !noRotation, overlap: rotationOverlap, absoluteLifetime: refreshLifetime,
                idleLifetime: refreshLifetime,
                resources: resources.map { .init(audience: $0, scopes: $1) }))
    }

    private func authentication() throws -> Client.Authentication {
        guard let clientSecretFile else { return .none }
        // Whatever the reason, the person has to look at the file.
        guard let text = try? String(contentsOf: URL(filePath: clientSecretFile), encoding: .utf8) else {
            throw ValidationError("--client-secret-file: \(clientSecretFile) cannot be read.")
        }
        let secret = text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard !secret.isEmpty else { throw ValidationError("--client-secret-file: \(clientSecretFile) is empty.") }
        return basic ? .secretBasic(secret) : .secretPost(secret)
    }
}
