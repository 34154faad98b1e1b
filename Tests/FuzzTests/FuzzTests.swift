import Foundation
import Fuzzing
import Testing

@Suite("Readers of outsiders' bytes")
struct FuzzTests {
    /// Another one may be tried by `POSTERN_FUZZ_SEED`.
    private static let seed = ProcessInfo.processInfo.environment["POSTERN_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1

    /// As many as take half a minute for all readers in a debug build on two cores.
    private static func executions(of reader: Reader) -> Int {
        switch reader {
        case .agentLines, .longLines: 100
        case .params, .agentAnswer, .errorAnswer, .success: 250
        default: 1000
        }
    }

    /// Each in a process of its own, which a broken rule ends.
    @Test("keep their rules for the corpus, and for what is nearly the same", arguments: Reader.allCases)
    func rules(reader: Reader) async throws {
        try #require(try Corpus.inputs(of: reader).count >= 5)
        let result = await #expect(processExitsWith: .success) { [reader, seed = Self.seed as UInt64] in
            let corpus = try Corpus.inputs(of: reader)
            var mutator = Mutator(corpus: corpus, words: try Corpus.words(), seed: seed)
            let current = try CurrentInput(reader)
            for input in corpus { try current.read(input) }
            for _ in 0..<Self.executions(of: reader) { try current.read(mutator.next()) }
            try current.remove()
        }
        guard result == nil else { return }
        let advice = "seed \(Self.seed); keep \(CurrentInput.path(reader)) in Corpus/\(reader.rawValue)"
        Issue.record("\(advice)\n\(try String(contentsOfFile: CurrentInput.lastWordsPath(reader), encoding: .utf8))")
    }
}

/// A file with the bytes that are being read, and one with what the process says, to be found after a crash.
private struct CurrentInput {
    private let reader: Reader
    private let file: FileHandle

    static func path(_ reader: Reader) -> String {
        FileManager.default.temporaryDirectory.appending(component: "postern-fuzz-\(getuid())-\(reader.rawValue)").path
    }

    static func lastWordsPath(_ reader: Reader) -> String { path(reader) + ".txt" }

    init(_ reader: Reader) throws {
        self.reader = reader
        let lastWords = open(Self.lastWordsPath(reader), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(dup2(lastWords, STDERR_FILENO) == STDERR_FILENO)
        try Data().write(to: URL(filePath: Self.path(reader)))
        file = try FileHandle(forWritingTo: URL(filePath: Self.path(reader)))
    }

    func read(_ input: [UInt8]) throws {
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: input)
        reader.read(input)
    }

    func remove() throws {
        try FileManager.default.removeItem(atPath: Self.path(reader))
        try FileManager.default.removeItem(atPath: Self.lastWordsPath(reader))
    }
}
