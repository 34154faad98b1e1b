import CAgent
import FoundationEssentials
import Glibc
package import Logging

/// Writes log lines to standard error: for the journal with the level in front (sd-daemon(3)), else with the time.
package struct StandardErrorLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    private let isJournal: Bool

    /// - Parameter environment: `JOURNAL_STREAM` names the journal's stream by device and inode; a shell may have inherited it from a terminal that
    ///   was started by systemd, so it is compared with standard error (systemd.exec(5)).
    package init(environment: [String: String]) {
        var file = postern_file()
        let isKnown = postern_fstat(STDERR_FILENO, &file) == 0
        isJournal = isKnown && environment["JOURNAL_STREAM"] == "\(file.device):\(file.inode)"
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
            .sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let line = "\(prefix(event.level))\(event.message)\(fields)\n"
        // A log that cannot be written cannot be complained about.
        _ = line.utf8.withContiguousStorageIfAvailable { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private func prefix(_ level: Logger.Level) -> String {
        guard isJournal else { return "\(Date.now.formatted(.iso8601)) \(level): " }
        let priority =
            switch level {
            case .trace, .debug: LOG_DEBUG
            case .info: LOG_INFO
            case .notice: LOG_NOTICE
            case .warning: LOG_WARNING
            case .error: LOG_ERR
            case .critical: LOG_CRIT
            }
        return "<\(priority)>"
    }
}
