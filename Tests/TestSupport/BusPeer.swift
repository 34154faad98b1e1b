import CSystemd
import Foundation
import Glibc
import Synchronization

/// Another program on the bus: it owns a name and answers each call as a test wants it to, on a thread of its own, until
/// the bus ends.
package struct BusPeer: Sendable {
    package struct Failure: Error {
        package var step: String
        package var errno: Int32
    }

    /// What it was called for.
    package struct Call: Sendable {
        package let path: String
        package let member: String
        /// The caller's unique name.
        package let sender: String
        /// The first argument, if that is a string or an object path.
        package var argument: String { if case .string(let text) = arguments.first { text } else { "" } }
        package let arguments: [BusValue]
    }

    /// Values as they are sent.
    package enum Value: Sendable {
        case boolean(Bool)
        case uint32(UInt32)
        case string(String)
        case strings([String])
        case objectPath(String)
        case objectPaths([String])
        /// The bus sends a copy; this one is closed.
        case fileDescriptor(Int32)
        indirect case variant(Value)
        case structure([Value])
        /// - Parameter signature: of an element.
        case array(signature: String, [Value])
        /// An `a{sv}` with nothing in it.
        case noProperties
    }

    /// What it does about a call, one after the other.
    package enum Action: Sendable {
        /// Answers the call; without it the caller waits.
        case answer([Value])
        /// Emits a signal from an object: to one connection, or to all that want it.
        case signal(path: String, interface: String, member: String, [Value], to: String? = nil)
        /// Calls somebody else and does not care for the answer.
        case call(destination: String, path: String, interface: String, member: String, [Value])
        /// Answers the call with an error.
        case fail(String)
        /// Leaves the bus, as a program that crashes does.
        case leave
    }

    /// Takes the name and begins to answer.
    @discardableResult
    package init(
        _ name: String, on desktop: PrivateDesktop, actions: @escaping @Sendable (Call) -> [Action]
    ) throws {
        let connection = try Connection(address: desktop.busAddress, name: name)
        Thread.detachNewThread { connection.serve(actions) }
    }
}

private final class Connection: Sendable {
    /// For one thread at a time (sd_bus_new(3)).
    private let bus: Mutex<OpaquePointer>

    init(address: String, name: String) throws {
        var new: OpaquePointer?
        try Self.check("sd_bus_new", sd_bus_new(&new))
        guard let new else { throw BusPeer.Failure(step: "sd_bus_new", errno: ENOMEM) }
        bus = Mutex(new)
        try bus.withLock { bus in
            try Self.check("sd_bus_set_address", sd_bus_set_address(bus, address))
            try Self.check("sd_bus_set_bus_client", sd_bus_set_bus_client(bus, 1))
            try Self.check("sd_bus_set_exit_on_disconnect", sd_bus_set_exit_on_disconnect(bus, 0))
            try Self.check("sd_bus_start", sd_bus_start(bus))
            try Self.check("sd_bus_request_name", sd_bus_request_name(bus, name, 0))
        }
    }

    deinit {
        bus.withLock { _ = sd_bus_close_unref($0) }
    }

    func serve(_ actions: @Sendable (BusPeer.Call) -> [BusPeer.Action]) {
        bus.withLock { Self.serve(actions, on: $0) }
    }

    private static func serve(_ actions: @Sendable (BusPeer.Call) -> [BusPeer.Action], on bus: OpaquePointer) {
        while true {
            var message: OpaquePointer?
            let progress = sd_bus_process(bus, &message)
            if progress < 0 { return }
            if progress == 0 {
                sd_bus_wait(bus, .max)
                continue
            }
            guard let message else { continue }
            defer { sd_bus_message_unref(message) }
            guard sd_bus_message_is_method_call(message, nil, nil) > 0 else { continue }
            for action in actions(call(message)) {
                if case .leave = action { return sd_bus_close(bus) }
                perform(action, about: message, on: bus)
            }
        }
    }

    private static func call(_ message: OpaquePointer) -> BusPeer.Call {
        BusPeer.Call(
            path: String(cString: sd_bus_message_get_path(message)),
            member: String(cString: sd_bus_message_get_member(message)),
            sender: String(cString: sd_bus_message_get_sender(message)), arguments: values(of: message))
    }

    /// The values up to the end of the container, or of the message.
    private static func values(of message: OpaquePointer) -> [BusValue] {
        var values: [BusValue] = []
        var type = CChar()
        var contents: UnsafePointer<CChar>?
        while sd_bus_message_peek_type(message, &type, &contents) > 0 {
            switch Unicode.Scalar(UInt8(type)) {
            case "s", "o":
                var text: UnsafePointer<CChar>?
                sd_bus_message_read_basic(message, type, &text)
                values.append(.string(text.map { String(cString: $0) } ?? ""))
            case "u", "i":
                var number: Int32 = 0
                sd_bus_message_read_basic(message, type, &number)
                values.append(.number(Int(number)))
            case "y":
                var number: UInt8 = 0
                sd_bus_message_read_basic(message, type, &number)
                values.append(.number(Int(number)))
            case "a", "e", "v":
                sd_bus_message_enter_container(message, type, contents)
                values.append(.array(Self.values(of: message)))
                sd_bus_message_exit_container(message)
            default:
                sd_bus_message_skip(message, nil)
                values.append(.other)
            }
        }
        return values
    }

    private static func perform(_ action: BusPeer.Action, about call: OpaquePointer, on bus: OpaquePointer) {
        var message: OpaquePointer?
        let values: [BusPeer.Value]
        switch action {
        case .answer(let answer):
            sd_bus_message_new_method_return(call, &message)
            values = answer
        case .signal(let path, let interface, let member, let contents, let destination):
            sd_bus_message_new_signal(bus, &message, path, interface, member)
            if let destination { sd_bus_message_set_destination(message, destination) }
            values = contents
        case .call(let destination, let path, let interface, let member, let arguments):
            sd_bus_message_new_method_call(bus, &message, destination, path, interface, member)
            sd_bus_message_set_expect_reply(message, 0)
            values = arguments
        case .fail(let text):
            var error = sd_bus_error()
            sd_bus_error_set(&error, "org.freedesktop.DBus.Error.Failed", text)
            sd_bus_reply_method_error(call, &error)
            sd_bus_error_free(&error)
            return
        case .leave: return
        }
        defer { sd_bus_message_unref(message) }
        for value in values { append(value, to: message) }
        sd_bus_send(bus, message, nil)
    }

    private static func append(_ value: BusPeer.Value, to message: OpaquePointer?) {
        func type(_ character: Unicode.Scalar) -> CChar { CChar(UInt8(ascii: character)) }
        switch value {
        case .boolean(let value):
            var number: Int32 = value ? 1 : 0
            sd_bus_message_append_basic(message, type("b"), &number)
        case .uint32(var number): sd_bus_message_append_basic(message, type("u"), &number)
        case .string(let text): sd_bus_message_append_basic(message, type("s"), text)
        case .strings(let texts):
            sd_bus_message_open_container(message, type("a"), "s")
            for text in texts { sd_bus_message_append_basic(message, type("s"), text) }
            sd_bus_message_close_container(message)
        case .objectPath(let path): sd_bus_message_append_basic(message, type("o"), path)
        case .objectPaths(let paths):
            sd_bus_message_open_container(message, type("a"), "o")
            for path in paths { sd_bus_message_append_basic(message, type("o"), path) }
            sd_bus_message_close_container(message)
        case .fileDescriptor(var descriptor):
            sd_bus_message_append_basic(message, type("h"), &descriptor)
            close(descriptor)
        case .variant(let value):
            sd_bus_message_open_container(message, type("v"), signature(value))
            append(value, to: message)
            sd_bus_message_close_container(message)
        case .structure(let values):
            sd_bus_message_open_container(message, type("r"), values.map(signature).joined())
            for value in values { append(value, to: message) }
            sd_bus_message_close_container(message)
        case .array(let signature, let values):
            sd_bus_message_open_container(message, type("a"), signature)
            for value in values { append(value, to: message) }
            sd_bus_message_close_container(message)
        case .noProperties:
            sd_bus_message_open_container(message, type("a"), "{sv}")
            sd_bus_message_close_container(message)
        }
    }

    private static func signature(_ value: BusPeer.Value) -> String {
        switch value {
        case .boolean: "b"
        case .uint32: "u"
        case .strings: "as"
        case .string: "s"
        case .objectPath: "o"
        case .objectPaths: "ao"
        case .fileDescriptor: "h"
        case .variant: "v"
        case .structure(let values): "(\(values.map(signature).joined()))"
        case .array(let signature, _): "a\(signature)"
        case .noProperties: "a{sv}"
        }
    }

    private static func check(_ step: String, _ result: Int32) throws {
        guard result >= 0 else { throw BusPeer.Failure(step: step, errno: -result) }
    }
}
