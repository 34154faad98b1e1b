package import AsyncHTTPClient
import FoundationEssentials
import Glibc
import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends one request and reads the whole answer, within bounds: redirects are not followed, an answer has 15 seconds and 1 MiB.
package struct HTTPTransport: Sendable {
    /// An answer larger than this is not read to its end, bytes.
    static let answerLimit = 1 << 20

    private let client: HTTPClient
    private let tls: TLSConfiguration
    private let deadline: Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - trustAnchors: trusted besides the system's certificates, or alone where the system has none.
    ///   - systemHasAnchors: whether the system's certificates can be loaded.
    ///   - deadline: for the whole answer; tests, which would have to wait for it, make it shorter.
    ///   - sleep: returns after the time, suspend included, and throws if the task is cancelled.
    package init(
        client: HTTPClient, trustAnchors: TrustAnchors? = nil,
        systemHasAnchors: @autoclosure () -> Bool = Self.systemHasAnchors, deadline: Duration = .seconds(15),
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.client = client
        self.deadline = deadline
        self.sleep = sleep
        var tls = TLSConfiguration.makeClientConfiguration()
        if let trustAnchors {
            // Each has been read by the same library before, so none is left out here.
            let certificates = trustAnchors.certificates.compactMap { try? NIOSSLCertificate(bytes: $0, format: .der) }
            if systemHasAnchors() {
                tls.additionalTrustRoots = [.certificates(certificates)]
            } else {
                tls.trustRoots = .certificates(certificates)
            }
        }
        self.tls = tls
    }

    /// Whether the library can load what it takes for the system's certificates. Where it cannot, it refuses every connection, even one that further anchors
    /// would vouch for.
    package static var systemHasAnchors: Bool {
        (try? NIOSSLContext(configuration: .makeClientConfiguration())) != nil  // that it cannot is all that matters
    }

    /// A client for this transport: no redirects, no proxy, no decompression, a connection of its own for each request.
    ///
    /// A kept connection could be closed by the tenant just as a refresh token is sent over it. That would leave the token in doubt for nothing,
    /// so none is kept; a token request an hour does not miss it.
    package static func makeClient(on group: any EventLoopGroup) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: .seconds(10)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.maximumUsesPerConnection = 1
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { PossibleStatusHandler.add(to: $0) }
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    enum Failure: Error {
        /// The request never reached the tenant.
        case notSent(Unreachable, detail: String)
        /// The request may have been received and acted upon.
        case noAnswer(detail: String)
    }

    /// What kept a request from being sent.
    package enum Unreachable: String, Sendable {
        case dns, connect, tls
    }

    func send(_ method: HTTPMethod, _ url: String, headers: HTTPHeaders, body: [UInt8]? = nil) async throws(Failure)
        -> Answer
    {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = headers
        request.body = body.map { .bytes($0) }
        request.tlsConfiguration = tls
        do {
            return try await within(deadline) { [client, request] in
                let response = try await client.execute(request, deadline: .distantFuture)
                let body = try await response.body.collect(upTo: Self.answerLimit)
                return Answer(
                    status: Int(response.status.code), headers: response.headers, body: Array(body.readableBytesView))
            }
        } catch {
            throw Self.failure(from: error)
        }
    }

    /// Runs the operation and cancels it at the deadline. The client's own deadline ends with the answer's head; this one covers the body too.
    private func within<T: Sendable>(
        _ limit: Duration, _ operation: @escaping @concurrent @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask(operation: operation)
            group.addTask { [sleep] in
                try await sleep(limit)
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw HTTPClientError.cancelled }
            return first
        }
    }

    private static func failure(from error: any Error) -> Failure {
        switch error {
        case let error as NIOConnectionError:
            let isDNS = error.connectionErrors.isEmpty && (error.dnsAError != nil || error.dnsAAAAError != nil)
            return .notSent(
                isDNS ? .dns : .connect,
                detail: isDNS ? "its host name could not be looked up" : "no connection could be made")
        case let error as IOError
        where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EMFILE, ENFILE].contains(error.errnoCode):
            // What an address in place of a name gives, or a process without descriptors left; on a connection that stands, TCP reports none of these
            // before the deadline.
            return .notSent(.connect, detail: "no connection could be made")
        // Before the handshake is done nothing is sent; what fails later may have been.
        case NIOSSLError.uncleanShutdown, NIOSSLError.shutdownFailed, NIOSSLError.readInInvalidTLSState,
            NIOSSLError.writeDuringTLSShutdown:
            return .noAnswer(detail: "the TLS connection was lost before the answer was complete")
        case is NIOSSLError, is NIOSSLExtraError:
            return .notSent(.tls, detail: "the certificate or the TLS handshake was not accepted")
        case ChannelError.connectTimeout:
            return .notSent(.connect, detail: "the connection took too long")
        case is PossibleStatusHandler.ImpossibleStatus:
            return .noAnswer(detail: "the answer's status is none that HTTP has")
        case is NIOTooManyBytesError:
            return .noAnswer(detail: "the answer was larger than \(answerLimit) bytes")
        case let error as HTTPClientError where error == .tlsHandshakeTimeout:
            return .notSent(.tls, detail: "the TLS handshake took too long")
        case let error as HTTPClientError where error == .connectTimeout:
            return .notSent(.connect, detail: "the connection took too long")
        case let error as HTTPClientError where [.deadlineExceeded, .readTimeout].contains(error):
            return .noAnswer(detail: "the answer took too long")
        default:
            return .noAnswer(detail: "the connection was lost before the answer was complete")
        }
    }
}
