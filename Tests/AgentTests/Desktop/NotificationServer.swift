import TestSupport

@testable import Agent

/// What stands for a desktop's notification server and the user manager on a private bus. It shows nothing, and remembers everything.
struct NotificationServer: Sendable {
    static let name = "org.freedesktop.Notifications"
    private static let path = "/org/freedesktop/Notifications"

    struct Shown: Equatable, Sendable {
        var replaces: Int
        var summary: String
        var body: String
        var actions: [String]
        var urgency: Int
        var timeout: Int
    }

    struct Memory: Sendable {
        /// In the order in which they came. Those that replace none are numbered from 1.
        var shown: [Shown] = []
        var closed: [Int] = []
        /// The unique name of who had something shown last.
        var client = ""
        fileprivate var count: UInt32 = 0
    }

    let memory = Watched(Memory())
    private let desktop: PrivateDesktop

    enum Manner: Sendable {
        case answering
        /// Never answers what it is asked to show.
        case mute
    }

    init(
        on desktop: PrivateDesktop, capabilities: [String] = ["actions", "body", "body-markup"],
        _ manner: Manner = .answering
    ) throws {
        self.desktop = desktop
        try BusPeer(Self.name, on: desktop) { [memory] call in
            func signal(_ member: String, _ values: [BusPeer.Value]) -> [BusPeer.Action] {
                [.answer([]), .signal(path: Self.path, interface: Self.name, member: member, values)]
            }
            let number = UInt32(call.argument) ?? 0
            switch call.member {
            case "GetCapabilities": return [.answer([.strings(capabilities)])]
            case "Notify":
                let number = memory.change { memory in
                    guard let shown = Shown(call.arguments) else { return UInt32(0) }
                    memory.shown.append(shown)
                    memory.client = call.sender
                    if shown.replaces == 0 { memory.count += 1 }
                    return shown.replaces == 0 ? memory.count : UInt32(shown.replaces)
                }
                return manner == .mute ? [] : [.answer([.uint32(number)])]
            case "CloseNotification":
                if case .number(let number) = call.arguments.first { memory.change { $0.closed.append(number) } }
                return [.answer([])]
            // The rest is the person's and the test's.
            case "Dismiss": return signal("NotificationClosed", [.uint32(number), .uint32(2)])
            case "Press": return signal("ActionInvoked", [.uint32(number), .string("sign-in")])
            case "Crash": return [.answer([]), .leave]
            default: return [.answer([])]
            }
        }
    }

    /// Waits until so many were shown in all, and returns the last of them.
    @discardableResult
    func shown(_ count: Int) async throws -> Shown {
        try await memory.wait { $0.shown.count >= count ? $0.shown[count - 1] : nil }
    }

    func closed(_ numbers: [Int]) async throws {
        try await memory.wait { $0.closed == numbers ? true : nil }
    }

    func dismiss(_ number: Int) async throws { try await order("Dismiss", ["s", "\(number)"]) }

    func press(_ number: Int) async throws { try await order("Press", ["s", "\(number)"]) }

    func crash() async throws { try await order("Crash", []) }

    /// Waits until whoever had something shown is not on the bus any more.
    func clientLeft() async throws {
        while try await desktop.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames", []
        ).first?.contains(memory.value.client) == true {}
    }

    /// Somebody else sends the client what only the server may say.
    func forge() async throws {
        let client = memory.value.client
        let forger = "org.example.Forger"
        try BusPeer(forger, on: desktop) { _ in
            func signal(_ member: String, _ value: BusPeer.Value) -> BusPeer.Action {
                .signal(
                    path: Self.path, interface: Self.name, member: member, [.uint32(1), value], to: client)
            }
            return [
                signal("ActionInvoked", .string("sign-in")), signal("NotificationClosed", .uint32(2)), .answer([]),
            ]
        }
        try await desktop.call(forger, "/", forger, "Forge", [])
    }

    private func order(_ member: String, _ arguments: [String]) async throws {
        try await desktop.call(Self.name, Self.path, Self.name, member, arguments)
    }
}

extension NotificationServer.Shown {
    fileprivate init?(_ arguments: [BusValue]) {
        guard arguments.count == 8, case .number(let replaces) = arguments[1], case .string(let summary) = arguments[3],
            case .string(let body) = arguments[4], case .array(let actions) = arguments[5],
            case .array(let hints) = arguments[6], case .number(let timeout) = arguments[7]
        else { return nil }
        self.init(
            replaces: replaces, summary: summary, body: body,
            actions: actions.compactMap { if case .string(let text) = $0 { text } else { nil } },
            urgency: hints.contains(.array([.string("urgency"), .array([.number(2)])])) ? 2 : 1, timeout: timeout)
    }
}

/// What stands for the user manager: it knows the units that sign in, or none.
struct UserManager: Sendable {
    let started = Watched<[String]>([])

    init(on desktop: PrivateDesktop, hasUnits: Bool = true, starts: Bool = true) throws {
        try BusPeer("org.freedesktop.systemd1", on: desktop) { [started] call in
            switch call.member {
            case "GetUnitFileState": return [hasUnits ? .answer([.string("static")]) : .fail("No such file.")]
            case "StartUnit":
                started.change { $0.append(call.argument) }
                return [starts ? .answer([.objectPath("/org/freedesktop/systemd1/job/1")]) : .fail("It is masked.")]
            default: return [.answer([])]
            }
        }
    }
}

extension BusValue {
    fileprivate func contains(_ text: String) -> Bool {
        if case .array(let values) = self { values.contains(.string(text)) } else { false }
    }
}

extension NoticeBoard {
    func becomes(_ isWanted: @Sendable (Notices) -> Bool) async throws {
        while !withNotices({ isWanted($0) }) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
