import AsyncHTTPClient
import Auth0
import CLinux
import Glibc
package import Logging
import NIOCore
import NIOPosix
import PosternProtocol
import ServiceLifecycle
import UnixSignals

/// A whole run of the agent, from its environment to its end.
package enum Daemon {
    /// Keeps other processes of the same user from reading this one's memory: no debugger may attach and no core is written (prctl(2),
    /// PR_SET_DUMPABLE; setrlimit(2)).
    ///
    /// A crash ends the process without a word from the Swift runtime, whose backtraces show registers and memory. It could not read this memory any more,
    /// and then lets a SIGABRT pass that was sent, such as the one of systemd's watchdog.
    ///
    /// - Returns: whether the kernel agreed.
    package static func harden() -> Bool {
        for crash in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(crash, SIG_DFL) }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        return postern_set_dumpable(0) == 0 && setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0
    }

    /// Serves until SIGTERM or SIGINT.
    ///
    /// - Throws: ``ListeningSocket/Failure`` if there is no socket to serve.
    package static func run(environment: [String: String], log: Logger) async throws {
        let inherited = try InheritedDescriptors.take(storedPrefix: UnsavedRecords.namePrefix)
        let socket = try ListeningSocket.open(
            inherited: inherited.sockets, path: SocketPath.fromEnvironment(environment))
        let clock = SystemClock()
        let keyring = KeyringClient(environment: environment, clock: clock)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = HTTPTransport.makeClient(on: group)
        let agent = Agent(
            environment: environment, keyring: keyring, unsaved: UnsavedRecords(inherited: inherited.stored),
            client: client, clock: clock, log: log)
        // A bad file leaves the agent running without profiles; the error is logged, and answered to who asks.
        _ = try? await agent.applyConfiguration()
        let server = SocketServer(agent, on: socket, group: group) {
            let summary = await agent.summary
            log.info("\(summary).")
            ServiceManager.ready(summary)
        }
        let watchdog = Watchdog(clock: agent.clock) {
            await server.turn()
            await agent.progress()
        }
        let services = ServiceGroup(
            configuration: .init(
                // They end in the opposite order.
                services: [agent.refresher, agent.keyringFollower] + agent.machineMonitors(environment)
                    + [ReloadOnHangup(agent), server, watchdog],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        let end: Result<Void, any Error>
        do {
            end = .success(try await services.run())
        } catch {
            end = .failure(error)
        }
        await keyring.shutdown()
        try await client.shutdown()
        try await group.shutdownGracefully()
        try end.get()
    }
}
