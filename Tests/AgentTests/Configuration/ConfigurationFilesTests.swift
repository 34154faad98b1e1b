import Glibc
import Testing

@testable import Agent

@Suite("Where the configuration is")
struct ConfigurationFilesTests {
    @Test("without variables it is in the home directory, over /etc/xdg")
    func defaults() {
        let files = ConfigurationFiles(environment: ["HOME": "/home/ada"])
        #expect(files.user == "/home/ada/.config/postern/postern.conf")
        #expect(files.inOrder == ["/etc/xdg/postern/postern.conf", files.user])
    }

    @Test("the XDG variables say where, the first system directory being the most important")
    func variables() {
        let files = ConfigurationFiles(environment: ["HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_CONFIG_DIRS": "/a:/b"])
        #expect(files.inOrder == ["/b/postern/postern.conf", "/a/postern/postern.conf", "/c/postern/postern.conf"])
    }

    @Test("relative and empty paths are ignored")
    func relative() {
        let files = ConfigurationFiles(environment: ["HOME": "/h", "XDG_CONFIG_HOME": "c", "XDG_CONFIG_DIRS": "a::"])
        #expect(files.inOrder == ["/etc/xdg/postern/postern.conf", "/h/.config/postern/postern.conf"])
    }

    @Test("without HOME the home of the user database counts, for every directory", arguments: [nil, "", "home"])
    func userDatabase(home: String?) throws {
        let entry = try #require(getpwuid(geteuid()))
        let expected = String(cString: entry.pointee.pw_dir)
        let environment = home.map { ["HOME": $0] } ?? [:]
        #expect(ConfigurationFiles(environment: environment).user == expected + "/.config/postern/postern.conf")
        #expect(
            HomeDirectory.directory("XDG_STATE_HOME", or: ".local/state", in: environment) == expected + "/.local/state"
        )
        #expect(HomeDirectory.directory("XDG_STATE_HOME", or: "x", in: ["XDG_STATE_HOME": "/s"]) == "/s")
    }
}
