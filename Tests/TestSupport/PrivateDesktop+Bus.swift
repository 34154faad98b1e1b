import Foundation
import Glibc

extension PrivateDesktop {
    /// Starts the session bus; it always has the same address.
    package func startBus() async throws {
        let configuration = directory.appending(path: "bus.conf")
        try Data(
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>session</type>
              <listen>\(busAddress)</listen>
              <auth>EXTERNAL</auth>
              <servicedir>\(directory.path)/services</servicedir>
              <policy context="default">
                <allow send_destination="*" eavesdrop="true"/>
                <allow eavesdrop="true"/>
                <allow own="*"/>
              </policy>
            </busconfig>

            """.utf8
        ).write(to: configuration)

        let bus = try ChildProcess(
            "dbus-daemon", ["--nofork", "--print-address", "--config-file=\(configuration.path)"],
            environment: environment)
        self.bus = bus
        try await withDeadline { try await bus.line { $0.hasPrefix("unix:") } }

        let traffic = try ChildProcess(
            "busctl", ["--address=\(busAddress)", "monitor", "--json=short"], environment: environment)
        self.traffic = traffic
        try await withDeadline { try await traffic.line(of: .error) { $0.hasPrefix("Monitoring") } }
    }

    /// Writes down no more of what is on the bus: thousands of messages take time and memory. What is awaited there never comes from now on.
    package func stopWatchingBus() async {
        await traffic?.end()
        traffic = nil
    }

    /// Ends the session bus, as a crash would.
    package func killBus() async {
        await bus?.end()
        await stopWatchingBus()
        bus = nil
        // The socket file stays behind; connecting to it is refused.
    }

    /// Stops the session bus from running without ending it.
    package func stopBus() { bus?.send(SIGSTOP) }

    /// Lets a stopped bus run again.
    package func continueBus() { bus?.send(SIGCONT) }

    /// Lets D-Bus start this program when somebody wants a Secret Service.
    package func installProvider(_ command: String) async throws {
        let file = directory.appending(path: "services/org.freedesktop.secrets.service")
        try Data("[D-BUS Service]\nName=org.freedesktop.secrets\nExec=\(command)\n".utf8).write(to: file)
        try await callBus("ReloadConfig")
    }

    /// Calls a method of the bus itself.
    @discardableResult
    func callBus(_ member: String, _ arguments: String...) async throws -> [BusValue] {
        try await call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", member, arguments)
    }

    /// Calls a method; `arguments` are its signature and values as busctl(1) takes them.
    @discardableResult
    package func call(
        _ service: String, _ path: String, _ interface: String, _ member: String, _ arguments: [String]
    ) async throws -> [BusValue] {
        let result = try await run(
            "busctl",
            ["--address=\(busAddress)", "--json=short", "--timeout=10", "call", service, path, interface, member]
                + arguments)
        guard result.exit == .status(0) else { throw Failure(step: member, detail: result.error) }
        if result.output.isEmpty { return [] }
        return try JSONDecoder().decode(BusMessage.Payload.self, from: Data(result.output.utf8)).data
    }

    /// Every message that was on the bus until now that has to do with asking the person something.
    package func promptTraffic() async throws -> [String] {
        try await messages().filter { line in
            line.contains("org.gnome.keyring.SystemPrompter") || line.contains("org.gnome.keyring.internal.Prompter")
                || line.contains(#""member":"Prompt""#)
        }
    }

    /// How often a method of this name has been called on the bus until now.
    package func callCount(_ member: String) async throws -> Int {
        try await messages().count { line in
            line.contains(#""type":"method_call""#) && line.contains(#""member":"\#(member)""#)
        }
    }

    /// Every message that was on the bus until now.
    private func messages() async throws -> [String] {
        // The bus keeps the order of messages: once the record has this one, it has everything before it.
        let marker = "marker.m\(UUID().uuidString.filter { $0 != "-" })"
        try await callBus("NameHasOwner", "s", marker)
        guard let traffic else { return [] }
        try await withDeadline { try await traffic.line { $0.contains(marker) } }
        return traffic.text().split(separator: "\n").map(String.init)
    }

    /// Waits until somebody has called a method of this name; calls up to the one found are not looked at again.
    package func methodCalled(_ member: String) async throws {
        guard let traffic else { throw Failure(step: "watching the bus", detail: "it is not running") }
        try await withDeadline {
            try await traffic.line { $0.contains(#""type":"method_call""#) && $0.contains(#""member":"\#(member)""#) }
        }
    }

    /// Waits until the bus has announced that the name's owner changed in the wanted way.
    func awaitOwnerChange(where matches: @escaping @Sendable (_ old: String, _ new: String) -> Bool) async throws {
        guard let traffic else { throw Failure(step: "watching the bus", detail: "it is not running") }
        try await withDeadline {
            try await traffic.line { line in
                guard line.contains("NameOwnerChanged"),
                    // Lines of other shapes are not what is waited for.
                    let message = try? JSONDecoder().decode(BusMessage.self, from: Data(line.utf8)),
                    case .string("org.freedesktop.secrets") = message.payload.data.first,
                    message.member == "NameOwnerChanged", message.payload.data.count == 3,
                    case .string(let old) = message.payload.data[1], case .string(let new) = message.payload.data[2]
                else { return false }
                return matches(old, new)
            }
        }
    }
}

/// A message as `busctl monitor --json=short` prints it.
private struct BusMessage: Decodable {
    struct Payload: Decodable {
        var data: [BusValue]
    }

    var member: String?
    var payload: Payload
}

/// The values that these tests look at.
package enum BusValue: Decodable, Equatable, Sendable {
    case string(String)
    case number(Int)
    case array([BusValue])
    case object([String: BusValue])
    case other

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // Each attempt that fails only means that the value is of another kind.
        if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int.self) {
            self = .number(value)
        } else if let value = try? container.decode([BusValue].self) {
            self = .array(value)
        } else if let value = try? container.decode([String: BusValue].self) {
            self = .object(value)
        } else {
            self = .other
        }
    }
}
