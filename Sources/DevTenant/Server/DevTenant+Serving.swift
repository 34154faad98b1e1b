import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle

extension DevTenant {
    /// Makes a tenant, serves while `body` runs, and takes everything down again.
    package static func withRunning<Result: Sendable>(
        _ options: Options = Options(), _ body: (DevTenant) async throws -> Result
    ) async throws -> Result {
        let tenant = try DevTenant(options)
        return try await tenant.serving { try await body(tenant) }
    }

    /// Listens on 127.0.0.1 while `body` runs. Afterwards connections are refused; the same tenant can serve again, on
    /// the same port and with everything it knew.
    package nonisolated func serving<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        let server = try await server()
        return try await withThrowingTaskGroup { group in
            group.addTask {
                do {
                    try await server.run()
                } catch {
                    await self.listens(.failure(error))
                    throw error
                }
            }
            defer { group.cancelAll() }
            try await wait { try $0.listening?.get() }
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            await close()
            await server.triggerGracefulShutdown()
            try await group.waitForAll()
            return try result.get()
        }
    }

    private func server() throws -> ServiceGroup {
        isClosing = false
        listening = nil
        let quiet = Logger(label: "postern-devtenant") { _ in SwiftLogNoOpLogHandler() }
        let http = HTTPServerBuilder.http1()
        let application = Application(
            responder: TenantResponder(tenant: self),
            server: try authority.map { try .tls(http, tlsConfiguration: $0.serverConfiguration) } ?? http,
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in await self.listens(.success(channel.localAddress?.port ?? 0)) },
            logger: quiet)
        return ServiceGroup(configuration: .init(services: [application], logger: quiet))
    }

    private func listens(_ result: Result<Int, any Error>) {
        listening = result
        if case .success(let port) = result { self.port = port }
        announce()
    }

    /// Lets go of every request that would keep the server from ending.
    private func close() {
        isClosing = true
        release()
    }
}
