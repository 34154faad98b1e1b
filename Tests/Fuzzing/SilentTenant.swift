import Foundation
import NIOPosix

@testable import Auth0

/// The tenant of which all that is read is said to come, and an application that never calls it.
enum SilentTenant {
    static let clientID = "client"

    // A good name.
    static let issuer = try? Issuer(url: "https://acme.eu.auth0.com/")

    static let api = issuer.map { issuer in
        AuthenticationAPI(
            issuer: issuer, clientID: clientID, authentication: .none,
            transport: HTTPTransport(
                client: HTTPTransport.makeClient(on: MultiThreadedEventLoopGroup.singleton), systemHasAnchors: true
            ) { _ in throw CancellationError() },
            now: { FixedClock().now })
    }
}
