import Foundation

/// What /proc says of processes' own memory (proc(5), `RssAnon` in /proc/PID/status), kB.
enum Memory {
    static func ofProcess(_ processID: Int32) -> Int? {
        // A process that has just ended has none.
        let status = try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }

    static func ofChildren(_ processID: Int32) -> [Int] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/task")) ?? []
        return threads.flatMap { thread in
            let path = "/proc/\(processID)/task/\(thread)/children"
            let children = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ") ?? []
            return children.compactMap { Int32($0).flatMap(ofProcess) }
        }
    }

    static func summary(_ samples: [Int]) -> String {
        guard let first = samples.first, let most = samples.max() else { return "none" }
        return "\(first) kB first, \(samples.sorted()[samples.count / 2]) kB median, \(most) kB at most"
    }
}
