import Logging
import Synchronization

/// A log that is kept, to be read by a test.
final class LogRecorder: Sendable {
    private let kept = Mutex<[String]>([])

    /// Each with its level and its metadata, sorted by name.
    var lines: [String] { kept.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(recorder: self) } }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            recorder.kept.withLock { $0.append("\(event.level): \(event.message)\(fields)") }
        }
    }
}
