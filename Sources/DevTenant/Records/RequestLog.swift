import Foundation
import HTTPTypes

/// Every request to an endpoint, in order of arrival.
struct RequestLog: Sendable {
    private(set) var requests: [RecordedRequest] = []
    /// Where `removeAll` left off: indices go on counting.
    private var removed = 0

    /// Writes a request down and returns its index.
    mutating func add(
        _ call: Call, endpoint: Endpoint, parameters: Parameters, refreshToken: PresentedRefreshToken?, now: Date
    ) -> Int {
        let index = removed + requests.count
        requests.append(
            RecordedRequest(
                index: index, at: now.timeIntervalSince1970, endpoint: endpoint,
                grant: parameters["grant_type"].flatMap(Grant.init(rawValue:)), clientID: parameters["client_id"],
                method: call.method.rawValue, path: call.path, parameterNames: parameters.names.sorted(),
                headers: Dictionary(
                    call.headers.map { ($0.name.canonicalName, $0.value) }, uniquingKeysWith: { "\($0), \($1)" }),
                body: call.body, refreshToken: refreshToken))
        return index
    }

    mutating func answered(_ index: Int, status: Int) {
        if requests.indices.contains(index - removed) { requests[index - removed].status = status }
    }

    subscript(index: Int) -> RecordedRequest? {
        requests.indices.contains(index - removed) ? requests[index - removed] : nil
    }

    func requests(to endpoint: Endpoint?, grant: Grant?) -> [RecordedRequest] {
        requests.filter { (endpoint == nil || $0.endpoint == endpoint) && (grant == nil || $0.grant == grant) }
    }

    mutating func removeAll() {
        removed += requests.count
        requests = []
    }
}
