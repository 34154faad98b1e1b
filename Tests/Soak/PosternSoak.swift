import ArgumentParser

@main
struct PosternSoak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scripts/soak", abstract: "Runs the real daemon for long, under trouble or with many profiles.",
        subcommands: [Crash.self, Scale.self], defaultSubcommand: Crash.self)
}

struct Crash: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kills, locks, stops and fails everything at random, and checks that no login is lost.",
        discussion: "Everything is private and gone afterwards. Ends with 1 if a login was lost that need not be.")

    @Option(help: "How long.")
    var seconds = 120

    @Option(help: "The tenant's rotation overlap in seconds; with 0 it is counted what crashes cost.")
    var overlap = 60

    @Option(help: "Repeats the choices of an earlier run (default: random).")
    var seed: UInt64?

    @Option(help: "How many profiles.")
    var profiles = 6

    func validate() throws {
        guard seconds > 0, overlap >= 0, profiles > 0 else {
            throw ValidationError("numbers have to be positive")
        }
    }

    func run() async throws {
        let seed = seed ?? .random(in: 1...999_999)
        say("seed \(seed): \(seconds) s, overlap \(overlap) s, \(profiles) profiles")
        let soak = CrashSoak(seed: seed, duration: .seconds(seconds), overlap: overlap, profiles: profiles)
        try await untilInterrupted {
            do {
                let counts = try await soak.run()
                say(
                    """
                    posternd killed: \(counts.kills), of these \(counts.forgetfulKills) with what it had stored lost
                    faults of the keyring: \(counts.keyringFaults), of the tenant: \(counts.tenantFaults)
                    refreshes: \(counts.refreshes), failed saves that were tried again: \(counts.failedSaves)
                    tokens handed out: \(counts.tokens)
                    logins lost: \(counts.lostLogins)
                    """)
            } catch let breach as CrashSoak.Breach {
                say("FAILED: \(breach)")
                throw ExitCode.failure
            }
        }
    }
}

struct Scale: AsyncParsableCommand {
    enum Store: String, ExpressibleByArgument {
        case keyring, memory
    }

    static let configuration = CommandConfiguration(
        abstract: "Has many profiles' tokens expire at one moment, and measures how they are refreshed before it.",
        discussion: "Ends with 1 if one was refreshed too late.")

    @Option(help: "How many profiles.")
    var profiles = 1000

    @Option(help: "Where they are kept: keyring, memory.")
    var persist = Store.keyring

    @Option(help: "Seconds until all tokens expire. They are due a quarter of their life before, 300 s at most.")
    var lifetime = 1500

    func validate() throws {
        guard profiles >= 10, lifetime > 0 else {
            throw ValidationError("there have to be ten profiles or more, and a lifetime")
        }
    }

    func run() async throws {
        let soak = ScaleSoak(profiles: profiles, persist: persist.rawValue, lifetime: lifetime)
        try await untilInterrupted {
            let report = try await soak.run(say)
            guard report.late == 0 else { throw ExitCode.failure }
        }
    }
}
