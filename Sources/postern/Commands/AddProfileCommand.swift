import ArgumentParser
import PosternProtocol

/// `postern profile add`.
struct AddProfileCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a profile.",
        discussion: """
            One flag for each key of a [profile NAME] group in postern.conf; the agent checks the values.

              postern profile add work --domain acme.eu.auth0.com --client-id 8hX… --audience https://api.acme.example
            """)

    @Argument(help: "The profile's name: letters, digits, '.', '_' and '-'.")
    var name: String

    @OptionGroup(title: "Settings") var settings: ProfileSettings
    @OptionGroup var options: AgentOptions

    func validate() throws {
        _ = try options.profile(or: name)
    }

    func run() throws {
        let terminal = Terminal()
        let answer = try options.connect().call(AddProfile(name: name, settings: settings.given))
        if options.json { try terminal.answer(json: answer.json) }
        terminal.say("Added profile \(name). Sign in: postern login \(name)")
    }
}

/// A flag for every key of a profile's configuration.
struct ProfileSettings: ParsableArguments {
    @Option(help: "The tenant's domain, such as acme.eu.auth0.com.") var domain: String?
    @Option(help: "The tenant's URL, in the place of a domain.") var issuer: String?
    @Option(name: .customLong("client-id"), help: "The application's client ID.") var clientID: String?
    @Option(help: "none, client_secret_post, client_secret_basic or private_key_jwt (default: none).")
    var clientAuth: String?
    @Option(help: "email, sms or a custom passwordless connection (default: email).") var connection: String?
    @Option(help: "Your e-mail address or phone number (default: asked).") var username: String?
    @Option(help: "code or link (default: code).") var send: String?
    @Option(help: "The API that tokens are for.") var audience: String?
    @Option(help: "Scopes separated by spaces (default: openid profile email offline_access).") var scope: String?
    @Option(help: "Further audiences, separated by spaces.") var audiences: String?
    @Option(help: "Parameters passed on to the tenant, as \"key=value …\".") var authParams: String?
    @Option(help: "keyring, session or memory (default: keyring).") var persist: String?
    @Option(help: "ahead or on-demand (default: ahead).") var refresh: String?
    @Option(help: "Seconds before expiry at which to refresh (default: 300).") var refreshMargin: String?
    @Option(help: "The tenant's rotation overlap, in seconds (default: 0).") var rotationOverlap: String?
    @Option(help: "The tenant's refresh token lifetime, in seconds (default: 2592000).") var sessionLifetime: String?
    @Option(help: "The language of messages (default: the locale's).") var language: String?
    @Option(help: "off, ssh or an address (default: off).") var forwardedFor: String?
    @Option(help: "The loopback port that links return to.") var callbackPort: String?
    @Option(help: "Further trusted certificates, a PEM file.") var caFile: String?
    @Option(help: "never or always ask before a token leaves (default: never).") var confirm: String?
    @Option(help: "never, or screen: nothing while the screen is locked (default: never).") var lock: String?

    /// The settings that were given.
    var given: [AddProfile.Key: String] {
        let all: [AddProfile.Key: String?] = [
            .domain: domain, .issuer: issuer, .clientID: clientID, .clientAuth: clientAuth, .connection: connection,
            .username: username, .send: send, .audience: audience, .scope: scope, .audiences: audiences,
            .authParams: authParams, .persist: persist, .refresh: refresh, .refreshMargin: refreshMargin,
            .rotationOverlap: rotationOverlap, .sessionLifetime: sessionLifetime, .language: language,
            .forwardedFor: forwardedFor, .callbackPort: callbackPort, .caFile: caFile, .confirm: confirm, .lock: lock,
        ]
        return all.compactMapValues(\.self)
    }
}
