import PosternProtocol
import Testing

@Suite("Where the socket is")
struct SocketPathTests {
    @Test(
        "POSTERN_SOCKET, else a place in the runtime directory, else nowhere",
        arguments: [
            (["POSTERN_SOCKET": "/s", "XDG_RUNTIME_DIR": "/run/user/1"], "/s"),
            (["XDG_RUNTIME_DIR": "/run/user/1"], "/run/user/1/postern/agent.sock"),
            (["POSTERN_SOCKET": "", "XDG_RUNTIME_DIR": "/run/user/1"], "/run/user/1/postern/agent.sock"),
            (["XDG_RUNTIME_DIR": ""], nil), (["HOME": "/home/ada"], nil), ([:], nil),
        ] as [([String: String], String?)])
    func path(environment: [String: String], path: String?) {
        #expect(SocketPath.fromEnvironment { environment[$0] } == path)
    }
}
