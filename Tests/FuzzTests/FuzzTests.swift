import Foundation
import Fuzzing
import Testing

@Suite("Readers of outsiders' bytes", .serialized)
struct FuzzTests {
    /// Another one may be tried by `POSTERN_FUZZ_SEED`.
    private static let seed = ProcessInfo.processInfo.environment["POSTERN_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1

    /// As many as take half a minute for all readers in a debug build.
    private static func executions(of reader: Reader) -> Int {
        switch reader {
        case .params, .agentAnswer, .errorAnswer: 100
        default: 500
        }
    }

    /// Where the bytes stand that are being read, to be found after a crash.
    private static func current(_ reader: Reader) -> String {
        FileManager.default.temporaryDirectory.appending(component: "postern-fuzz-\(getuid())-\(reader.rawValue)").path
    }

    @Test("keep their rules for the corpus", arguments: Reader.allCases)
    func corpus(reader: Reader) async throws {
        try #require(try Corpus.inputs(of: reader).count >= 5)
        await #expect(processExitsWith: .success, Self.advice(reader)) { [reader] in
            for input in try Corpus.inputs(of: reader) { try Self.read(input, reader) }
            try FileManager.default.removeItem(atPath: Self.current(reader))
        }
    }

    @Test("keep their rules for what is nearly valid", arguments: Reader.allCases)
    func mutations(reader: Reader) async {
        await #expect(processExitsWith: .success, Self.advice(reader)) { [reader, seed = Self.seed as UInt64] in
            var mutator = Mutator(corpus: try Corpus.inputs(of: reader), words: try Corpus.words(), seed: seed)
            for _ in 0..<Self.executions(of: reader) { try Self.read(mutator.next(), reader) }
            try FileManager.default.removeItem(atPath: Self.current(reader))
        }
    }

    private static func read(_ input: [UInt8], _ reader: Reader) throws {
        try Data(input).write(to: URL(filePath: current(reader)))
        reader.read(input)
    }

    private static func advice(_ reader: Reader) -> Comment {
        "seed \(seed); the input is in \(current(reader)): keep it in Corpus/\(reader.rawValue)"
    }
}
