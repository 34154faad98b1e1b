import CSecrets
import Glibc
import Testing

@Suite("Memory for secrets")
struct LockedMemoryTests {
    private struct Block {
        let memory: UnsafeMutableRawPointer
        let size: Int
        let pattern: UInt8

        init(_ size: Int, _ pattern: UInt8) {
            memory = postern_secret_alloc(size)
            (self.size, self.pattern) = (size, pattern)
            memset(memory, Int32(pattern), size)
        }

        var isIntact: Bool { UnsafeRawBufferPointer(start: memory, count: size).allSatisfy { $0 == pattern } }
    }

    private static let sizes = [
        0, 1, 63, 64, 65, 800, 4096, Int(POSTERN_LOCKED_MAX) - 1, Int(POSTERN_LOCKED_MAX), 20_000,
    ]

    @Test("no two blocks share a byte, whatever their sizes and the order in which they are given back")
    func blocks() async {
        await withTaskGroup { group in
            for _ in 1...4 {
                group.addTask {
                    var blocks: [Block] = []
                    for number in 0..<2000 {
                        blocks.append(Block(Self.sizes.randomElement() ?? 0, UInt8(truncatingIfNeeded: number)))
                        guard blocks.count > 50 else { continue }
                        let block = blocks.remove(at: Int.random(in: blocks.indices))
                        #expect(block.isIntact)
                        postern_secret_free(block.memory, block.size)
                    }
                    for block in blocks {
                        #expect(block.isIntact)
                        postern_secret_free(block.memory, block.size)
                    }
                }
            }
        }
    }

    @Test("one that is given back is overwritten, and serves again", arguments: sizes[1...8])
    func givenBack(size: Int) async throws {
        // In a process of its own: nobody else takes it first.
        await #expect(processExitsWith: .success) { [size] in
            let block = Block(size, 0xAA)
            postern_secret_free(block.memory, size)
            let again = postern_secret_alloc(size)
            let link = MemoryLayout<UnsafeRawPointer>.size
            guard again == block.memory,
                UnsafeRawBufferPointer(start: again, count: size).dropFirst(link).allSatisfy({ $0 == 0 })
            else { exit(EXIT_FAILURE) }
        }
    }

    /// KiB of this process that are locked, by the kernel's word (proc(5), VmLck).
    private static func locked() throws -> Int {
        let file = try #require(fopen("/proc/self/status", "r"))
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, CInt(line.count), file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split {
                !$0.isLetter && !$0.isNumber
            }
            if words.first == "VmLck" { return try #require(Int(words[1])) }
        }
        return 0
    }

    @Test("is locked, and what the limit refuses is memory all the same")
    func limit() async {
        await #expect(processExitsWith: .success) {
            // Root may lock what it likes.
            guard getuid() != 0 || setuid(65_534) == 0 else { exit(EXIT_FAILURE) }
            var limit = rlimit(rlim_cur: 100 << 10, rlim_max: 100 << 10)
            guard setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0 else { exit(EXIT_FAILURE) }
            let first = Block(800, 1)
            guard try Self.locked() == 64, postern_locks().bytes == 64 << 10, postern_locks().refusal == 0 else {
                exit(EXIT_FAILURE)
            }
            let others = (2...200).map { Block(800, $0) }
            guard try Self.locked() == 64, postern_locks().refusal == ENOMEM, ([first] + others).allSatisfy(\.isIntact)
            else {
                exit(EXIT_FAILURE)
            }
        }
    }
}
