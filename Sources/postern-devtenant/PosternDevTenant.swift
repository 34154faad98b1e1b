import ArgumentParser
import DevTenant
import Foundation
import UnixSignals

/// The development tenant as a program: prints its issuer, then every code as it is sent, until told to stop.
@main
struct PosternDevTenant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postern-devtenant",
        abstract: "A local tenant that answers like Auth0, for trying Postern out and for tests.",
        discussion: """
            Listens on 127.0.0.1. Standard output has the issuer's URL on its first line, then a line for every code \
            or link that a real tenant would have sent. Anybody can sign up with any e-mail address or phone number. \
            Everything is forgotten when it ends.

            Faults, the clock, keys, people and the outbox are beside the endpoints, under /_dev/. With the issuer in \
            $T:
              curl "${T}_dev/code?to=ada@example.com"
              curl "${T}_dev/totp?to=ada@example.com"
              curl -d '{"to": "ada@example.com", "answer": "approve"}' "${T}_dev/push"
              curl -d '{"address": "ada@example.com", "mfa": "always"}' "${T}_dev/users"
              curl -d '{"advance": 3600}' "${T}_dev/clock"
              curl -d '{"kind": "lose_answer", "grant": "refresh"}' "${T}_dev/faults"

            What is sent for a person may also have their factors, as in "authenticators": [{"kind": "otp"}, {"kind": \
            "sms", "value": "+15550100"}].

            Never put it where others can reach it: it gives its secrets to whoever asks.
            """)

    @OptionGroup(title: "Listening")
    var listening: ListeningOptions

    @OptionGroup(title: "Application and API")
    var application: ApplicationOptions

    @OptionGroup(title: "Second factors")
    var secondFactors: SecondFactorOptions

    func validate() throws {
        _ = try application.client()
    }

    func run() async throws {
        var options = Options()
        options.port = Int(listening.port)
        options.usesTLS = listening.tls
        options.clients = [try application.client()]
        options.apis = application.apis
        options.accessTokenLifetime = application.accessTokenLifetime
        options.startLimit = application.startLimit
        options.mfa = secondFactors.options

        let tenant = try DevTenant(options)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await tenant.serving {
            try await listening.announce(tenant)
            async let _: Void = Self.printMessages(of: tenant)
            for await _ in signals { break }
        }
    }

    /// Ends when it is cancelled, or when nobody reads standard output any more.
    private static func printMessages(of tenant: DevTenant) async {
        do {
            for index in 0... {
                let message = try await tenant.message(at: index)
                if let link = message.link {
                    try print(line: "link for \(message.to): \(link)")
                } else {
                    try print(line: "code for \(message.to): \(message.code)")
                }
            }
        } catch {
            return
        }
    }

    /// Past stdio's buffer: whoever reads a pipe gets the line at once.
    static func print(line: String) throws {
        try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }
}
