import Testing

@testable import Agent

@Suite("The syntax of the configuration")
struct ConfigurationSyntaxTests {
    @Test(
        "what is no key file is an error with the file's name",
        arguments: ["nonsense", "[agent", "[agent]\nnonsense", "key = 1"])
    func syntax(text: String) throws {
        #expect(try ConfigurationText.error([text])?.file.hasSuffix("0.conf") ?? false)
    }

    @Test(
        "what is wrong is said without characters that a terminal would obey",
        arguments: ["\u{FEFF}[agentnull]\r", "[agent]x\u{1B}[2J", "[agent\u{1B}", "\u{9B}1m", "[agent]\nk\u{202E}\r"])
    func printable(text: String) throws {
        let words = try #require(try ConfigurationText.error([text])).description
        #expect(
            !words.unicodeScalars.contains { [.control, .format].contains($0.properties.generalCategory) }, "\(words)")
    }

    @Test(
        "what a reader of the file could take otherwise than the agent is an error",
        arguments: [
            "[agent]\nwait=1\n[agent]\nmin_ttl=1", "[agent]\nwait=1\nwait=2", "[agent]\nwait=1\n wait = 1",
            "[agent]\nwait=1\n  [agent]  \nmin_ttl=2", "[agent]\nwait[de]=1", "[agent]\nwait[xx_YY]=1",
            "wait=1\n[agent]", "[]\nwait=1", "[agent]\n=1", "[agent] # mine\nwait=1", "[agent]x\nwait=1",
            "[agent ]\nwait=1", "[ agent]\nwait=1", "[ag\u{200B}ent]\nwait=1", "[agent]\nwa\u{200B}it=1", "[a[b]\nx=1",
            "[agent]\nwait=\"1\"", "[agent]\nwait='1'", "[agent]\nwait=1 # a", "[agent]\nwait=1 ; a",
            "[agent]\nwait=#1",
            "[agent]\nwait=1\u{200B}", "[agent]\nwait=1\u{202E}", "[agent]\nwait=\u{FEFF}1", "[agent]\nwait=1\u{7F}",
            "[agent]\nwait=1\u{0}", "[agent]\nwait=1\u{85}2", "[agent]\nwait=\u{661}",
            "[agent]\nwait=99999999999999999999",
            "[agent]\nwait=+1 0", "[agent]\nwait=0x10", "[agent]\nwait=1e1",
        ])
    func ambiguous(text: String) throws {
        #expect(try ConfigurationText.error([text]) != nil)
    }

    @Test(
        "a value of a profile has no quotes, comments and unseen characters",
        arguments: [
            "client_id = \"abc\"", "client_id = 'abc'", "client_id = abc # mine", "client_id = abc ;mine",
            "client_id = a\u{A0}b",
            "client_id = a\u{AD}b", "client_id = a\u{2066}b", "client_id = a\u{3164}b", "client_id = a\tb",
            #"client_id = a\tb"#,
            #"client_id = a\nb"#, "client_id = a\u{9B}b", "client_id = a\u{E0041}b", "client_id = a\u{2028}b",
        ])
    func slips(line: String) throws {
        let error = try #require(try ConfigurationText.error(["[profile work]\ndomain = acme.com\n" + line]))
        #expect(error.group == "profile work" && error.key == "client_id")
    }

    @Test("such a value is an error also where the user's file has a good one")
    func overridden() throws {
        #expect(
            try ConfigurationText.error(["[agent]\nwait='1'", "[agent]\nwait=1"])?.file.hasSuffix("0.conf") == true)
    }

    @Test("an apostrophe, a hash without a blank and a semicolon within a value are right")
    func innocent() throws {
        #expect(try ConfigurationText.profile("audience = https://a/#b;c'd\"").audience == "https://a/#b;c'd\"")
    }

    @Test(
        "a profile's group is written with one blank", arguments: ["profile  work", "profile work ", " profile work"])
    func blanks(group: String) throws {
        let rest = "\ndomain=a.com\nclient_id=x\n"
        #expect(try ConfigurationText.error(["[profile work]\(rest)[\(group)]\(rest)"]) != nil)
    }

    @Test("either end of line and a byte order mark are accepted")
    func lineEnds() throws {
        #expect(try ConfigurationText.read("\u{FEFF}[agent]\r\nwait = 5\r\n").agent.wait == 5)
    }
}
