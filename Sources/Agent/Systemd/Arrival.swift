import Dispatch
import Synchronization

/// One wait for a descriptor to become readable, which costs no thread and can be given up.
final class Arrival: Sendable {
    private let source: Mutex<any DispatchSourceRead>

    private init(on descriptor: Int32) {
        source = Mutex(DispatchSource.makeReadSource(fileDescriptor: descriptor))
    }

    /// Returns when there is something to read, or the other end has gone, or the task is cancelled. The descriptor
    /// must stay open until then.
    static func wait(on descriptor: Int32) async {
        await Arrival(on: descriptor).wait()
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                source.withLock { source in
                    source.setEventHandler { self.end() }
                    // Only here has Dispatch let go of the descriptor.
                    source.setCancelHandler { continuation.resume() }
                    source.resume()
                }
            }
        } onCancel: {
            end()
        }
    }

    private func end() {
        source.withLock { $0.cancel() }
    }
}
