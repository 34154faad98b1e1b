import CSystemd
import Glibc
import OutsideInput

/// One connection to a D-Bus bus. Its calls block, each at most as long as it says; it is not for use by two threads at
/// once.
///
/// sd-bus's own convenience calls are variadic, which Swift cannot call: messages are put together value by value.
final class BusConnection {
    /// Why a call gave no answer.
    struct CallError: Error {
        /// The D-Bus error's name; for its own errors sd-bus has some of the standard names, and `System.Error.E…`
        /// (sd_bus_error(3)).
        let name: String
        let message: String

        /// The connection is gone; a new one may work.
        var meansLostBus: Bool {
            name == SD_BUS_ERROR_DISCONNECTED
                || ["ENOTCONN", "ECONNRESET", "EPIPE", "ESHUTDOWN"].contains { name == "System.Error.\($0)" }
        }

        var meansTimedOut: Bool {
            name == "System.Error.ETIMEDOUT" || name == SD_BUS_ERROR_TIMEOUT
                || name == "org.freedesktop.DBus.Error.TimedOut"
        }

        /// Nobody has the name that was called, or who had it left without answering.
        var meansNoOwner: Bool {
            [SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NO_REPLY].contains(name)
        }

        fileprivate init(_ error: borrowing sd_bus_error) {
            name = error.name.map { String(cString: $0) } ?? ""
            message = error.message.map { String(cString: $0) } ?? ""
        }

        /// - Parameter result: a negative errno, as sd-bus functions return it.
        fileprivate init(result: Int32) {
            var error = sd_bus_error()
            sd_bus_error_set_errno(&error, result)
            defer { sd_bus_error_free(&error) }
            self.init(error)
        }
    }

    /// Where the session bus is (D-Bus specification, "Well-known message bus instances"; systemd's user bus), or nil
    /// if nothing says so.
    static func sessionBusAddress(in environment: [String: String]) -> String? {
        if let address = environment["DBUS_SESSION_BUS_ADDRESS"], !address.isEmpty { return address }
        guard let directory = environment["XDG_RUNTIME_DIR"], !directory.isEmpty else { return nil }
        return "unix:path=\(escaped("\(directory)/bus"))"
    }

    /// Where the system bus is (sd_bus_default_system(3)).
    static func systemBusAddress(in environment: [String: String]) -> String {
        environment["DBUS_SYSTEM_BUS_ADDRESS"] ?? "unix:path=/run/dbus/system_bus_socket"
    }

    /// A value as D-Bus addresses want it: everything but a few ASCII characters as %xx.
    private static func escaped(_ value: String) -> String {
        value.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", "/", ".", "\\", "*": return String(scalar)
            default: return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }

    private let bus: OpaquePointer

    /// - Parameter result: what an sd-bus function returned: a negative errno is thrown.
    @discardableResult
    static func check(_ result: Int32) throws(CallError) -> Int32 {
        if result < 0 { throw CallError(result: result) }
        return result
    }

    /// Connects and introduces itself, in `timeout` at most: sd-bus alone would wait for a mute bus for a minute and a
    /// half.
    init(address: String, timeout: Duration) throws(CallError) {
        var new: OpaquePointer?
        try Self.check(sd_bus_new(&new))
        guard let new else { throw CallError(result: -ENOMEM) }
        bus = new
        try Self.check(sd_bus_set_address(bus, address))
        try Self.check(sd_bus_set_bus_client(bus, 1))
        try Self.check(sd_bus_set_exit_on_disconnect(bus, 0))
        try Self.check(sd_bus_start(bus))

        let deadline = ContinuousClock.now + timeout
        while try Self.check(sd_bus_is_ready(bus)) == 0 {
            if try Self.check(sd_bus_process(bus, nil)) > 0 { continue }
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero else { throw CallError(result: -ETIMEDOUT) }
            try Self.check(sd_bus_wait(bus, rest.microseconds))
        }
    }

    deinit {
        sd_bus_close_unref(bus)
    }

    /// Calls a method and reads its answer. D-Bus starts nobody to answer it.
    func call<Answer>(
        _ destination: String, _ path: String, _ interface: String, _ member: String, _ arguments: [Argument],
        timeout: Duration, answer: (Message) throws(CallError) -> Answer
    ) throws(CallError) -> Answer {
        var call: OpaquePointer?
        try Self.check(sd_bus_message_new_method_call(bus, &call, destination, path, interface, member))
        defer { sd_bus_message_unref(call) }
        try Self.check(sd_bus_message_set_auto_start(call, 0))
        for argument in arguments { try argument.append(to: call) }

        var error = sd_bus_error()
        defer { sd_bus_error_free(&error) }
        var reply: OpaquePointer?
        let result = sd_bus_call(bus, call, timeout.microseconds, &error, &reply)
        if sd_bus_error_is_set(&error) != 0 { throw CallError(error) }
        try Self.check(result)
        guard let reply else { throw CallError(result: -EBADMSG) }
        return try answer(Message(reply))
    }

    /// An answer or a signal, read value by value.
    final class Message {
        private let message: OpaquePointer

        /// Takes over the caller's reference.
        fileprivate init(_ message: OpaquePointer) {
            self.message = message
        }

        deinit {
            sd_bus_message_unref(message)
        }

        /// What holds other values.
        enum Container {
            case variant, structure, array
        }

        /// Goes on within a container (sd_bus_message_enter_container(3)).
        ///
        /// - Parameter contents: their signature.
        /// - Returns: false at the end of an array.
        @discardableResult
        func enter(_ container: Container, _ contents: String) throws(CallError) -> Bool {
            let type =
                switch container {
                case .variant: BusType.variant
                case .structure: BusType.structure
                case .array: BusType.array
                }
            return try BusConnection.check(sd_bus_message_enter_container(message, type, contents)) > 0
        }

        /// Goes on after the container, all of whose values have been read.
        func leave() throws(CallError) {
            try BusConnection.check(sd_bus_message_exit_container(message))
        }

        func string() throws(CallError) -> String { try text(BusType.string) }

        func strings() throws(CallError) -> [String] {
            var values: [String] = []
            try BusConnection.check(sd_bus_message_enter_container(message, BusType.array, "s"))
            while try BusConnection.check(sd_bus_message_at_end(message, 0)) == 0 { values.append(try string()) }
            try BusConnection.check(sd_bus_message_exit_container(message))
            return values
        }

        func uint32() throws(CallError) -> UInt32 {
            var value: UInt32 = 0
            try BusConnection.check(sd_bus_message_read_basic(message, BusType.uint32, &value))
            return value
        }

        func objectPath() throws(CallError) -> String { try text(BusType.objectPath) }

        func boolean() throws(CallError) -> Bool {
            var value: Int32 = 0
            try BusConnection.check(sd_bus_message_read_basic(message, BusType.boolean, &value))
            return value != 0
        }

        /// A file descriptor; the caller closes it.
        func fileDescriptor() throws(CallError) -> Int32 {
            var descriptor: Int32 = -1
            try BusConnection.check(sd_bus_message_read_basic(message, BusType.fileDescriptor, &descriptor))
            // The message closes its own.
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            return try copy >= 0 ? copy : BusConnection.check(-errno)
        }

        /// Passes over the next value, whatever it is.
        func skip() throws(CallError) {
            try BusConnection.check(sd_bus_message_skip(message, nil))
        }

        private func text(_ type: CChar) throws(CallError) -> String {
            var value: UnsafePointer<CChar>?
            try BusConnection.check(sd_bus_message_read_basic(message, type, &value))
            return value.map { String(cString: $0) } ?? ""
        }
    }
}

extension BusConnection {
    /// A signal that was subscribed to, or that was sent to this connection alone.
    struct Signal {
        /// The unique name of who sent it; a match rule keeps nobody from sending one to this connection alone.
        let sender: String
        let path: String
        let interface: String
        let member: String
        let body: Message
    }

    /// Has the bus deliver signals that match the rule (D-Bus specification, "Match Rules").
    func subscribe(to rule: String, timeout: Duration) throws(CallError) {
        try call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", [.string(rule)],
            timeout: timeout
        ) { _ in }
    }

    /// The next signal that has arrived, or nil if there is none yet; never waits. A message that no callback has
    /// taken is handed to the caller (sd_bus_process(3)), and there are no callbacks here.
    func nextSignal() throws(CallError) -> Signal? {
        while true {
            var message: OpaquePointer?
            guard try Self.check(sd_bus_process(bus, &message)) > 0 else { return nil }
            guard let message else { continue }
            let body = Message(message)
            guard sd_bus_message_is_signal(message, nil, nil) > 0 else { continue }
            let signal = Signal(
                sender: sd_bus_message_get_sender(message).map { String(cString: $0) } ?? "",
                path: sd_bus_message_get_path(message).map { String(cString: $0) } ?? "",
                interface: sd_bus_message_get_interface(message).map { String(cString: $0) } ?? "",
                member: sd_bus_message_get_member(message).map { String(cString: $0) } ?? "", body: body)
            // sd-bus's own word for a connection that has ended.
            if signal.interface == "org.freedesktop.DBus.Local" { throw CallError(result: -ENOTCONN) }
            return signal
        }
    }

    /// Waits until something arrives, at most for `limit` if there is one, or until the task is cancelled. Everything
    /// that had arrived is to be read before.
    func awaitArrival(for limit: Duration?, on clock: any AgentClock) async {
        let descriptor = sd_bus_get_fd(bus)
        // Closed: the next read says so.
        guard descriptor >= 0 else { return }
        await clock.limit(limit) { await Reactor.shared.arrival(on: descriptor) }
    }

    /// The same until a nudge.
    func awaitArrival(or nudge: Nudge, for limit: Duration?, on clock: any AgentClock) async {
        let descriptor = sd_bus_get_fd(bus)
        guard descriptor >= 0 else { return }
        await clock.limit(limit) {
            await withTaskGroup { group in
                group.addTask { await Reactor.shared.arrival(on: descriptor) }
                group.addTask { await nudge.sleep(for: nil, on: clock) }
                await group.next()
                group.cancelAll()
            }
        }
    }
}

extension Duration {
    fileprivate var microseconds: UInt64 { UInt64(Bounded.whole(self / .microseconds(1), in: 0...Int.max) ?? 0) }
}
