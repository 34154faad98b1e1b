import Foundation

@testable import Agent

/// Notices, a server that shows what they say, and time that passes.
struct Desk {
    var notices = Notices()
    var now = Date(timeIntervalSince1970: 1_800_000_000)
    var server: String? = ":1.1"
    /// What the server shows, by number.
    var shown: [UInt32: Notice] = [:]
    /// How often something has appeared that took nobody's place.
    private(set) var appearances = 0
    private(set) var replacements = 0

    mutating func set(_ profile: String, _ needs: PersonNeed...) {
        _ = notices.set(needs, of: profile, at: now)
        act()
    }

    mutating func pass(_ seconds: Double) {
        let end = now + seconds
        while let next = notices.next(at: now), next <= end {
            now = max(now, next)
            act()
        }
        now = end
        act()
    }

    mutating func act() {
        for action in notices.due(at: now) {
            switch action {
            case .close(let handle): shown[handle.number] = nil
            case .show(let notification, let topic, let former):
                guard let server else {
                    notices.notShown(topic)
                    continue
                }
                let number = former?.number ?? UInt32(appearances + 1)
                if former == nil { appearances += 1 } else { replacements += 1 }
                shown[number] = notification
                notices.shown(topic, as: Notices.Handle(server: server, number: number))
            }
        }
    }

    mutating func close(_ number: UInt32, isDismissal: Bool) {
        shown[number] = nil
        notices.closed(Notices.Handle(server: server ?? "", number: number), isDismissal: isDismissal)
        act()
    }

    var summaries: [String] { shown.sorted { $0.key < $1.key }.map(\.value.summary) }
}
