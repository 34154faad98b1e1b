import CAgent
import Foundation
import Testing

@testable import Agent

@Suite("What may be read as configuration")
struct PrivateFileTests {
    private static func read(_ bytes: [UInt8], mode: Int = 0o600) throws -> Result<String?, PrivateFile.Problem> {
        let files = try TestFiles()
        defer { files.remove() }
        let path = files.root + "/file"
        try Data(bytes).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return result(path)
    }

    private static func result(_ path: String) -> Result<String?, PrivateFile.Problem> {
        do throws(PrivateFile.Problem) {
            return .success(try PrivateFile.read(path))
        } catch {
            return .failure(error)
        }
    }

    @Test("a missing file is none, and a link to a good file is that file")
    func missingAndLink() throws {
        let files = try TestFiles()
        defer { files.remove() }
        let (file, link) = (files.root + "/file", files.root + "/link")
        #expect(Self.result(file) == .success(nil))
        try "x".write(toFile: file, atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
        #expect(Self.result(link) == .success("x"))
    }

    @Test("what is no regular file is an error and never waited for")
    func kinds() throws {
        let files = try TestFiles()
        defer { files.remove() }
        let fifo = files.root + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let link = files.root + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: fifo)
        for path in [fifo, link, files.root, "/dev/null", "/dev/zero"] {
            #expect(Self.result(path) == .failure(.notRegular), "\(path)")
        }
    }

    @Test("a link to nothing and one to itself are errors, not missing files")
    func links() throws {
        let files = try TestFiles()
        defer { files.remove() }
        let (dangling, loop) = (files.root + "/dangling", files.root + "/loop")
        try FileManager.default.createSymbolicLink(atPath: dangling, withDestinationPath: files.root + "/none")
        try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
        #expect(Self.result(dangling) == .failure(.danglingLink))
        #expect(Self.result(loop) == .failure(.failed(ELOOP)))
        #expect(Self.result("/dev/null/postern.conf") == .failure(.failed(ENOTDIR)))
    }

    @Test("a mebibyte is read, one byte more is not")
    func size() throws {
        let full = [UInt8](repeating: UInt8(ascii: "#"), count: PrivateFile.limit)
        #expect(try Self.read(full).get()?.utf8.count == PrivateFile.limit)
        #expect(try Self.read(full + [10]) == .failure(.tooLarge))
    }

    @Test("a byte order mark is left out; a NUL byte and what is not UTF-8 are errors")
    func text() throws {
        #expect(try Self.read([0xEF, 0xBB, 0xBF, 0x61]) == .success("a"))
        #expect(try Self.read([0x61, 0, 0x62]) == .failure(.hasNUL))
        #expect(try Self.read([0x61, 0xFF]) == .failure(.notUTF8))
        #expect(try Self.read([0xC0, 0x80]) == .failure(.notUTF8))
        #expect(try Self.read([0xED, 0xA0, 0x80]) == .failure(.notUTF8))
        #expect(Self.result("/etc/hosts\u{0}x") == .failure(.hasNUL))
    }

    @Test("everybody may read it, but nobody else may write it")
    func permissions() throws {
        #expect(try Self.read([0x61], mode: 0o644) == .success("a"))
        #expect(try Self.read([0x61], mode: 0o602) == .failure(.writableByOthers))
        #expect(try Self.read([0x61], mode: 0o666) == .failure(.writableByOthers))
    }

    @Test("it belongs to the user or root, and a group that may write it has nobody else in it")
    func owners() {
        func problem(mode: mode_t = 0o600, owner: uid_t, group: gid_t = 0, hasACL: Bool = false) -> PrivateFile.Problem?
        {
            let file = postern_file(mode: S_IFREG | mode, owner: owner, group: group, device: 0, inode: 0)
            return PrivateFile.problem(file, hasACL: hasACL, user: 1)
        }
        #expect(problem(owner: 1) == nil)
        #expect(problem(owner: 0) == nil)
        #expect(problem(owner: 2) == .foreignOwner(2))
        // On every Debian, user 1 is daemon and alone in group 1, user 2 is alone in group 2, and nobody is in group 5.
        #expect(problem(mode: 0o660, owner: 1, group: 1) == nil)
        #expect(problem(mode: 0o660, owner: 1, group: 1, hasACL: true) == .writableByGroup(1))
        #expect(problem(mode: 0o660, owner: 1, group: 2) == .writableByGroup(2))
        #expect(problem(mode: 0o660, owner: 1, group: 5) == .writableByGroup(5))
        #expect(problem(mode: 0o660, owner: 1, group: 4_000_000_000) == .writableByGroup(4_000_000_000))
    }
}
