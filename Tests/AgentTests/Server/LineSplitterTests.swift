import Testing

@testable import Agent

@Suite("Lines on the socket")
struct LineSplitterTests {
    private static func lines(_ texts: String...) -> [LineSplitter.Element] {
        texts.map { .line(Array($0.utf8)) }
    }

    @Test("lines come out the same however the bytes are split")
    func everySplit() {
        let bytes = Array("{\"a\":1}\n\n \r\n{\"😀\":2}\nlast".utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var splitter = LineSplitter()
                let elements =
                    splitter.feed(bytes[..<first]) + splitter.feed(bytes[first..<second])
                    + splitter.feed(bytes[second...]) + splitter.finish()
                #expect(elements == Self.lines("{\"a\":1}", "{\"😀\":2}", "last"))
            }
        }
    }

    @Test("a byte at a time is as good")
    func bytewise() {
        var splitter = LineSplitter()
        let elements = "one\ntwo\n".utf8.flatMap { splitter.feed([$0]) }
        #expect(elements == Self.lines("one", "two"))
        #expect(!splitter.hasPartialLine)
    }

    @Test("a line that has begun is partial until it ends")
    func partial() {
        var splitter = LineSplitter()
        #expect(splitter.feed("half".utf8).isEmpty)
        #expect(splitter.hasPartialLine)
        #expect(splitter.feed(" a line\n".utf8) == Self.lines("half a line"))
        #expect(!splitter.hasPartialLine)
    }

    @Test("end-of-file ends the last line, and an empty one is none")
    func finish() {
        var splitter = LineSplitter()
        #expect(splitter.finish().isEmpty)
        _ = splitter.feed("last".utf8)
        #expect(splitter.finish() == Self.lines("last"))
        #expect(splitter.finish().isEmpty)
    }

    @Test("256 KiB are a line; one byte more is too long, which is said once the line has ended")
    func limit() {
        let longest = [UInt8](repeating: UInt8(ascii: "x"), count: 256 * 1024)
        var splitter = LineSplitter()
        #expect(splitter.feed(longest + "\n".utf8) == [.line(longest)])
        #expect(splitter.feed(longest).isEmpty)
        #expect(splitter.feed("x".utf8).isEmpty)
        #expect(splitter.hasPartialLine)
        #expect(splitter.feed("\n{}\n".utf8) == [.tooLong] + Self.lines("{}"))
        #expect(splitter.finish().isEmpty)
    }

    @Test("lines before one that is too long are answered")
    func limitAfterLine() {
        var splitter = LineSplitter()
        let bytes = Array("one\n".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 256 * 1024 + 1)
        #expect(splitter.feed(bytes) == Self.lines("one"))
        #expect(splitter.finish() == [.tooLong])
    }
}
