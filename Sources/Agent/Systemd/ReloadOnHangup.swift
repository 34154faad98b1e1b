import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the configuration again at SIGHUP, as `systemctl --user reload` sends it.
struct ReloadOnHangup: Service {
    private let agent: Agent

    init(_ agent: Agent) {
        self.agent = agent
    }

    func run() async throws {
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        await cancelWhenGracefulShutdown {
            for await _ in hangups {
                // A bad file has been logged and shows in status; the old configuration stays in force.
                _ = try? await agent.applyConfiguration()
            }
        }
    }
}
