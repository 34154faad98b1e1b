import FoundationEssentials
import PosternProtocol

/// Turns a line into requests, and a request into its answer: JSON-RPC 2.0 in, JSON-RPC 2.0 out. It knows no socket.
struct RequestHandler: Sendable {
    /// Requests in one batch at most.
    static let batchLimit = 64

    let methods: Methods

    /// What a line holds.
    enum Line {
        case request(ReadRequest)
        /// Where its requests stand, which are answered together.
        case batch([Range<Int>])
    }

    /// A request whose line has been read and is needed no more.
    struct ReadRequest: Sendable {
        /// As it was written; nil in a notification, which is not answered.
        fileprivate let id: [UInt8]?
        /// Nil if the text is no request.
        let method: String?
        fileprivate let work: Result<Methods.Work, AgentError>
        /// Bytes that the request may hold while it is worked on.
        let size: Int

        fileprivate init(refused error: AgentError, id: ArraySlice<UInt8>? = nil) {
            self.id = Array(id ?? ArraySlice("null".utf8))
            method = nil
            work = .failure(error)
            size = self.id?.count ?? 0
        }

        fileprivate init(_ request: IncomingRequest, _ work: Result<Methods.Work, AgentError>) {
            id = request.id.map { Array($0) }
            method = request.method
            self.work = work
            size = (request.id?.count ?? 0) + (request.params?.count ?? 0)
        }
    }

    func read(_ line: [UInt8]) -> Line {
        let outline: StrictJSON.Outline
        do {
            outline = try StrictJSON.outline(of: line[...])
        } catch {
            return refuse(.parseError, "The line is no JSON: \(error.reason) (byte \(error.offset)).")
        }
        guard case .array(let elements) = outline else { return .request(read(line[...], outline)) }
        guard !elements.isEmpty else { return refuse(.invalidRequest, "The batch is empty.") }
        guard elements.count <= Self.batchLimit else {
            return refuse(.invalidRequest, "A batch may hold \(Self.batchLimit) requests.")
        }
        return .batch(elements)
    }

    /// Reads a request of a batch.
    func read(element text: ArraySlice<UInt8>) -> ReadRequest {
        // It is valid, as all of the batch is.
        read(text, try? StrictJSON.outline(of: text))
    }

    private func refuse(_ code: AgentError.Code, _ message: String) -> Line {
        .request(ReadRequest(refused: AgentError(code, message)))
    }

    private func read(_ text: ArraySlice<UInt8>, _ outline: StrictJSON.Outline?) -> ReadRequest {
        let request: IncomingRequest
        do {
            request = try IncomingRequest(text, outline)
        } catch {
            return ReadRequest(refused: error.error, id: error.id)
        }
        do {
            return ReadRequest(request, .success(try methods.work(of: request.method, params: request.params)))
        } catch {
            return ReadRequest(request, .failure(error))
        }
    }

    /// - Parameter caller: whose request it is.
    /// - Returns: nil if there is no answer to give.
    func answer(_ request: ReadRequest, caller: Caller) async -> Answer? {
        let result: Result<[UInt8], AgentError>
        do {
            result = .success(try await request.work.get()(caller))
        } catch {
            result = .failure(error)
        }
        return request.id.map { Self.response(id: $0[...], result) }
    }

    /// The answer to a request that is not worked on.
    func refusal(of request: ReadRequest, _ error: AgentError) -> Answer? {
        request.id.map { Self.response(id: $0[...], .failure(error)) }
    }

    /// An error that belongs to no request: the connection itself is at fault.
    static func complaint(_ error: AgentError) -> Answer {
        response(id: ArraySlice("null".utf8), .failure(error))
    }

    /// The response object. The identifier is copied byte for byte: `1.0` and `1` are different ones.
    private static func response(id: ArraySlice<UInt8>, _ result: Result<[UInt8], AgentError>) -> Answer {
        var line = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
        line += id
        switch result {
        case .success(let value):
            line.reserveCapacity(line.count + (value.count < Answer.longPiece ? value.count : 0) + 32)
            line += #","result":"#.utf8
            return Answer(line, value, "}")
        case .failure(let error):
            let fallback = Array(
                #"{"code":-32603,"message":"Internal error.","data":{"reason":"internal_error","retryable":false}}"#
                    .utf8)
            line += #","error":"#.utf8
            // An error is strings and numbers alone; if it could not be written, there would be nothing better to say.
            return Answer(line, (try? Methods.encode(error)) ?? fallback, "}")
        }
    }
}
