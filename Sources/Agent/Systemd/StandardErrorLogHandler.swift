import CAgent
import FoundationEssentials
import Glibc
package import Logging
import OutsideInput

/// Writes log lines to standard error: for the journal with the level in front (sd-daemon(3)), else with the time.
///
/// What a line says may come from a tenant, the bus or a file. It stays one line and moves no cursor, whoever logs it: what is not printable is escaped,
/// and what is too long is cut.
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
        var line = prefix(event.level) + Self.text("\(event.message)", fields) + "\n"
        // A log that cannot be written cannot be complained about. One call writes it: other processes write to the same pipe (pipe(7), PIPE_BUF).
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Bytes of a message, and of all fields together: with what stands in front a line is less than PIPE_BUF, 4,096.
    private static let (messageLimit, fieldLimit) = (3000, 1000)

    /// What a line says after its level.
    static func text(_ message: String, _ fields: Logger.Metadata) -> String {
        let fields = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        // Cut before as well, for what is escaped grows eightfold.
        return message.cut(toBytes: messageLimit).escaped.cut(toBytes: messageLimit)
            + fields.cut(toBytes: fieldLimit).escaped.cut(toBytes: fieldLimit)
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
