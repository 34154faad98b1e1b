import DevTenant
import Glibc
import TestSupport
import Testing

@Suite("Events")
struct EventTests {
    @Test("a subscriber is told over its connection, which answers requests all the same")
    func subscribed() async throws {
        try await withRunningAgent { agent in
            let connection = try agent.connect()
            try connection.request("events.subscribe")
            #expect(try await connection.answer()?["result"] == [:])
            try await agent.signIn()
            let begun = try #require(try await connection.answer())
            #expect(begun["params"]?["type"] == "login_started")
            #expect(begun["params"]?["sent_to"] == "a***@example.com")
            #expect(begun["params"]?["pid"] == .integer(Int(getpid())))
            let event = try #require(try await connection.answer())
            #expect(event["method"] == "event" && event["id"] == nil)
            #expect(event["params"]?["account"]?["email"] == .string(RunningAgent.person))
            try await agent.logged("A sign-in has begun. pid=\(getpid()) profile=work sent_to=a***@example.com")
            #expect(event["params"]?["type"] == "signed_in" && event["params"]?["profile"] == "work")
            try connection.request("agent.hello")
            #expect(try await connection.answer()?["result"]?["name"] == "posternd")
        }
    }

    @Test("a subscriber to one profile must name one that there is")
    func unknownProfile() async throws {
        try await withRunningAgent { agent in
            let refusal = try await agent.refusal(of: "events.subscribe", ["profile": "other"])
            #expect(refusal?.code == 1002)
        }
    }

    @Test("postern watch prints what happens, a line each")
    func watch() async throws {
        try await withRunningAgent { agent in
            try await agent.withPostern("watch", "--json") { child in
                // The command's one connection subscribes before anything else is done.
                try await agent.connectionsTaken(1)
                try await agent.signIn()
                try await withDeadline {
                    try await child.line { $0.contains(#""type":"signed_in""#) && $0.contains(#""profile":"work""#) }
                }
                child.send(SIGINT)
                let exit = try await withDeadline { await child.result().exit }
                #expect(exit == .status(128 + SIGINT))
            }
        }
    }
}
