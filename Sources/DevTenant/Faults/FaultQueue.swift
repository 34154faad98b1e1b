/// The faults on order, first come first served.
struct FaultQueue: Sendable {
    private struct Order: Sendable {
        let fault: Fault
        let endpoint: Endpoint
        let grant: Grant?
        var times: Int
    }

    private var orders: [Order] = []

    var count: Int { orders.count }

    mutating func add(_ fault: Fault, endpoint: Endpoint, grant: Grant?, times: Int) {
        orders.append(Order(fault: fault, endpoint: endpoint, grant: grant, times: times))
    }

    /// The first fault that fits; it is gone when it has struck as often as ordered.
    mutating func take(_ phase: Fault.Phase, endpoint: Endpoint, grant: Grant?) -> Fault? {
        let fits = orders.firstIndex {
            $0.fault.phase == phase && $0.endpoint == endpoint && ($0.grant == nil || $0.grant == grant)
        }
        guard let index = fits else { return nil }
        let fault = orders[index].fault
        orders[index].times -= 1
        if orders[index].times <= 0 { orders.remove(at: index) }
        return fault
    }

    mutating func removeAll() {
        orders = []
    }
}
