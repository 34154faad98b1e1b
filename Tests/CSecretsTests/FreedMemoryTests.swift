import CSecrets
import Glibc
import Testing

/// malloc(3) hands out the block of a size that the thread has freed last, so that a block can be looked at after it was freed.
@Suite("What was freed")
struct FreedMemoryTests {
    private static let size = 200
    /// glibc links the blocks that wait by what stands at their beginning.
    private static let links = 16

    private static func filled(_ size: Int = size) throws -> UnsafeMutableRawPointer {
        let block = try #require(malloc(size))
        memset(block, 0xAA, size)
        return block
    }

    /// Takes the block again, and says whether it has been overwritten.
    private static func isOverwritten(_ freed: UnsafeMutableRawPointer) throws -> Bool {
        let block = try #require(malloc(size))
        try #require(block == freed, "the look is at another block")
        defer { free(block) }
        return UnsafeRawBufferPointer(start: block, count: size)[links...].allSatisfy { $0 == 0 }
    }

    @Test("is overwritten")
    func free_() throws {
        let block = try Self.filled()
        free(block)
        #expect(try Self.isOverwritten(block))
    }

    @Test(
        "is overwritten where a block was moved to become larger or much smaller, and its contents go along",
        arguments: [5000, 50])
    func moved(size: Int) throws {
        let block = try Self.filled()
        // Nothing is free behind it to grow into.
        let neighbour = try Self.filled()
        defer { free(neighbour) }
        let moved = try #require(realloc(block, size))
        defer { free(moved) }
        #expect(moved != block)
        #expect(UnsafeRawBufferPointer(start: moved, count: min(size, Self.size)).allSatisfy { $0 == 0xAA })
        #expect(try Self.isOverwritten(block))
    }

    @Test("by realloc(3) of nothing, to nothing, and to what fits, all is as the manual says")
    func edges() throws {
        let block = try #require(realloc(nil, Self.size))
        memset(block, 0xAA, Self.size)
        #expect(realloc(block, Self.size - 10) == block)
        #expect(realloc(block, 0) == nil)
        #expect(try Self.isOverwritten(block))
        #expect(realloc(nil, .max) == nil)
        let kept = try Self.filled()
        #expect(realloc(kept, .max) == nil)
        #expect(UnsafeRawBufferPointer(start: kept, count: Self.size).allSatisfy { $0 == 0xAA })
        free(kept)
        free(nil)
    }
}
