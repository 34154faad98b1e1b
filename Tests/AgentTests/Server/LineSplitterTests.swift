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
                    splitter.take(bytes[..<first]) + splitter.take(bytes[first..<second])
                    + splitter.take(bytes[second...]) + splitter.takeLast()
                #expect(elements == Self.lines("{\"a\":1}", "{\"😀\":2}", "last"))
            }
        }
    }

    @Test("a byte at a time is as good")
    func bytewise() {
        var splitter = LineSplitter()
        let elements = "one\ntwo\n".utf8.flatMap { splitter.take([$0]) }
        #expect(elements == Self.lines("one", "two"))
        #expect(!splitter.hasPartialLine)
    }

    @Test("a line that has begun is partial until it ends")
    func partial() {
        var splitter = LineSplitter()
        #expect(splitter.take("half".utf8).isEmpty)
        #expect(splitter.hasPartialLine)
        #expect(splitter.take(" a line\n".utf8) == Self.lines("half a line"))
        #expect(!splitter.hasPartialLine)
    }

    @Test("end-of-file ends the last line, and an empty one is none")
    func finish() {
        var splitter = LineSplitter()
        #expect(splitter.takeLast().isEmpty)
        splitter = LineSplitter()
        #expect(splitter.take("last".utf8).isEmpty)
        #expect(splitter.takeLast() == Self.lines("last"))
        #expect(splitter.takeLast().isEmpty)
    }

    @Test("256 KiB are a line; one byte more is too long, which is said once the line has ended")
    func limit() {
        let longest = [UInt8](repeating: UInt8(ascii: "x"), count: 256 * 1024)
        var splitter = LineSplitter()
        #expect(splitter.take(longest + "\n".utf8) == [.line(longest)])
        #expect(splitter.take(longest).isEmpty)
        #expect(splitter.take("x".utf8).isEmpty)
        #expect(splitter.hasPartialLine)
        #expect(splitter.take("\n{}\n".utf8) == [.tooLong] + Self.lines("{}"))
        #expect(splitter.takeLast().isEmpty)
    }

    @Test("what is not taken waits, as it came, for as long as it likes")
    func waiting() {
        var splitter = LineSplitter()
        splitter.feed("one\n\n two\nthr".utf8)
        #expect(splitter.nextLength() == 3)
        #expect(splitter.next() == .line(Array("one".utf8)))
        splitter.feed("ee\n".utf8)
        #expect(splitter.nextLength() == 4)
        splitter.feed("four".utf8)
        splitter.finish()
        #expect(splitter.next() == .line(Array(" two".utf8)))
        #expect(splitter.next() == .line(Array("three".utf8)))
        #expect(splitter.next() == .line(Array("four".utf8)))
        #expect(splitter.next() == nil && !splitter.hasPartialLine)
    }

    @Test("lines before one that is too long are answered")
    func limitAfterLine() {
        var splitter = LineSplitter()
        let bytes = Array("one\n".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 256 * 1024 + 1)
        #expect(splitter.take(bytes) == Self.lines("one"))
        #expect(splitter.takeLast() == [.tooLong])
    }
}

extension LineSplitter {
    /// All lines that these bytes complete.
    fileprivate mutating func take(_ bytes: some Collection<UInt8>) -> [Element] {
        feed(bytes)
        return rest()
    }

    fileprivate mutating func takeLast() -> [Element] {
        finish()
        return rest()
    }

    private mutating func rest() -> [Element] {
        var elements: [Element] = []
        while let element = next() { elements.append(element) }
        return elements
    }
}
