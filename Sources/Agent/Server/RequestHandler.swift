import FoundationEssentials
import PosternProtocol

/// Turns a line into its answer: JSON-RPC 2.0 in, JSON-RPC 2.0 out. It knows no socket.
struct RequestHandler: Sendable {
    /// Requests in one batch at most.
    static let batchLimit = 64

    let methods: Methods

    /// - Parameter caller: whose line it is.
    /// - Returns: the answer without a newline, or nil if there is none to give (notifications).
    func answer(_ line: [UInt8], caller: Caller) async -> [UInt8]? {
        let outline: StrictJSON.Outline
        do {
            outline = try StrictJSON.outline(of: line[...])
        } catch {
            return Self.response(
                id: nil,
                .failure(AgentError(.parseError, "The line is no JSON: \(error.reason) (byte \(error.offset)).")))
        }
        guard case .array(let elements) = outline else {
            return await answer(line[...], outline, caller)
        }
        guard !elements.isEmpty else {
            return Self.response(id: nil, .failure(AgentError(.invalidRequest, "The batch is empty.")))
        }
        guard elements.count <= Self.batchLimit else {
            return Self.response(
                id: nil, .failure(AgentError(.invalidRequest, "A batch may hold \(Self.batchLimit) requests.")))
        }
        let answers = await withTaskGroup(of: [UInt8]?.self) { group in
            for element in elements {
                group.addTask { await self.answer(line[element], try? StrictJSON.outline(of: line[element]), caller) }
            }
            return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
        }
        return answers.isEmpty ? nil : [UInt8(ascii: "[")] + answers.joined(separator: ",".utf8) + [UInt8(ascii: "]")]
    }

    private func answer(
        _ text: ArraySlice<UInt8>, _ outline: StrictJSON.Outline?, _ caller: Caller
    ) async -> [UInt8]? {
        let request: IncomingRequest
        do {
            request = try IncomingRequest(text, outline)
        } catch {
            return Self.response(id: error.id, .failure(error.error))
        }
        let result: Result<[UInt8], AgentError>
        do {
            result = .success(try await methods.call(request.method, params: request.params, caller: caller))
        } catch {
            result = .failure(error)
        }
        return request.isNotification ? nil : Self.response(id: request.id, result)
    }

    /// An error that belongs to no request: the connection itself is at fault.
    static func complaint(_ error: AgentError) -> [UInt8] {
        response(id: nil, .failure(error))
    }

    /// The response object. The identifier is copied byte for byte: `1.0` and `1` are different ones.
    private static func response(id: ArraySlice<UInt8>?, _ result: Result<[UInt8], AgentError>) -> [UInt8] {
        var line = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
        line += id ?? Array("null".utf8)[...]
        switch result {
        case .success(let value):
            line.reserveCapacity(line.count + value.count + 32)
            line += #","result":"#.utf8
            line += value
        case .failure(let error):
            let fallback = Array(
                #"{"code":-32603,"message":"Internal error.","data":{"reason":"internal_error","retryable":false}}"#
                    .utf8)
            line += #","error":"#.utf8
            // An error is strings and numbers alone; if it could not be written, there would be nothing better to say.
            line += (try? Methods.encode(error)) ?? fallback
        }
        line.append(UInt8(ascii: "}"))
        return line
    }
}
