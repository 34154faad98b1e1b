@testable import Agent

/// What the kernel says of other processes, whose names are theirs to choose.
enum Processes {
    static func readStatus(_ bytes: [UInt8]) {
        guard let status = ProcessStatus(bytes) else { return }
        check(status.session >= 0, "a session is a process")
        check(ProcessStatus(bytes + [UInt8(ascii: "\n")]) == status, "a line break ends the line and no more")
    }
}
