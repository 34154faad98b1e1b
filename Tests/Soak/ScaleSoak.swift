import DevTenant
import Foundation
import TestSupport

/// Many profiles whose tokens all expire at one moment: all are to be refreshed before it, at a pace, by a daemon that does not grow over it.
struct ScaleSoak: Sendable {
    var profiles: Int
    var persist: String
    /// Seconds from the start until all tokens expire; the sign-ins are to be done long before.
    var lifetime: Int

    /// The tenant is that far away while the refreshes are watched, seconds.
    private static let latency = 0.1

    struct Report: Sendable {
        var refreshed = 0
        /// The most refreshes that were under way at once.
        var mostAtOnce = 0
        /// Refreshes that began when the token had expired.
        var late = 0
    }

    struct Incomplete: Error, CustomStringConvertible {
        var refreshed: Int
        var description: String { "two minutes after the expiry only \(refreshed) are refreshed" }
    }

    /// - Parameter tell: is given what was measured, a line each.
    func run(_ tell: @Sendable (String) -> Void) async throws -> Report {
        var options = Options()
        options.startLimit = 1_000_000
        return try await withPrivateDesktop { desktop in
            await desktop.stopWatchingBus()
            return try await DevTenant.withRunning(options) { tenant in
                try await withAgent(desktop, tenant, looksForLeaks: false) { agent in
                    try await run(agent, tell)
                }
            }
        }
    }

    private func name(_ number: Int) -> String { "profile-\(number)" }

    private func address(_ number: Int) -> String { "\(name(number))@example.com" }

    private func run(_ agent: RunningAgent, _ tell: @Sendable (String) -> Void) async throws -> Report {
        var configuration = ""
        for number in 1...profiles {
            configuration += await agent.profile(
                name(number), ["username": address(number), "refresh": "ahead", "persist": persist])
        }
        try agent.configure(configuration)
        try await agent.start()

        let start = Date.now
        let expiry = start + TimeInterval(lifetime)
        let probes = 1...min(profiles / 10, 10)
        var measured = 0
        for number in 1...profiles {
            await expire(at: expiry, grant: .passwordlessOTP, agent.tenant)
            try await agent.signIn(name(number), as: address(number))
            if [profiles / 10, profiles / 2, profiles].contains(number) {
                let milliseconds = try await refreshTime(of: probes, expiry, agent)
                measured += probes.count
                tell("\(number) profiles: a refresh that is asked for takes \(milliseconds) ms")
            }
        }
        tell("\(profiles) profiles (\(persist)) are signed in after \(Int(-start.timeIntervalSinceNow)) s")
        let delay = Fault.delay(milliseconds: Int(Self.latency * 1000))
        await agent.tenant.order(delay, at: .token, grant: .refreshToken, times: .max)
        return try await watchRefreshes(besides: measured, until: expiry, agent, tell)
    }

    /// Has the next token of this grant expire at that moment.
    private func expire(at expiry: Date, grant: Grant, _ tenant: DevTenant) async {
        let left = max(Int(expiry.timeIntervalSinceNow), 1)
        await tenant.order(.members(["expires_in": .integer(left)]), at: .token, grant: grant)
    }

    /// How long one refresh takes, its two saves included, milliseconds.
    private func refreshTime(of numbers: ClosedRange<Int>, _ expiry: Date, _ agent: RunningAgent) async throws -> Int {
        let duration = try await ContinuousClock().measure {
            for number in numbers {
                await expire(at: expiry, grant: .refreshToken, agent.tenant)
                _ = try await agent.token(["profile": .string(name(number)), "force": .bool(true)])
            }
        }
        return Int(duration / .milliseconds(1)) / numbers.count
    }

    private func watchRefreshes(
        besides measured: Int, until expiry: Date, _ agent: RunningAgent, _ tell: @Sendable (String) -> Void
    ) async throws -> Report {
        var report = Report()
        let daemon = await agent.processID
        var daemonMemory: [Int] = []
        var workerMemory: [Int] = []
        var refreshes: ArraySlice<RecordedRequest> = []
        while report.refreshed < profiles {
            guard expiry.timeIntervalSinceNow > -120 else { throw Incomplete(refreshed: report.refreshed) }
            try await Task.sleep(for: .milliseconds(250), clock: .continuous)
            refreshes = await agent.tenant.requests(to: .token, grant: .refreshToken).dropFirst(measured)
            report.refreshed = refreshes.count { $0.status == 200 }
            daemonMemory += [Memory.ofProcess(daemon)].compactMap(\.self)
            workerMemory += Memory.ofChildren(daemon)
        }
        try await withDeadline {
            while try await !agent.call("agent.status")["profiles", all: "saved", .bool(true)] {
                try await Task.sleep(for: .milliseconds(250), clock: .continuous)
            }
        }
        report.mostAtOnce = Self.most(of: refreshes.map(\.at), within: Self.latency)
        report.late = refreshes.count { $0.at >= expiry.timeIntervalSince1970 }
        let span = max((refreshes.last?.at ?? 0) - (refreshes.first?.at ?? 0), 0.001)
        let rate = (Double(report.refreshed) / span).formatted(.number.precision(.fractionLength(1)))
        tell("\(report.refreshed) refreshed ahead in \(Int(span)) s, \(rate) a second, \(report.mostAtOnce) at once")
        tell("all are saved \(Int(expiry.timeIntervalSinceNow)) s before their expiry; too late: \(report.late)")
        tell("posternd's RssAnon: \(Memory.summary(daemonMemory))")
        tell("its keyring worker's: \(Memory.summary(workerMemory))")
        return report
    }

    /// The most requests that arrived within the time that each takes: so many were under way at once, at the least.
    private static func most(of arrivals: [Double], within seconds: Double) -> Int {
        var first = 0
        return arrivals.indices.map { last in
            while arrivals[first] <= arrivals[last] - seconds { first += 1 }
            return last - first + 1
        }.max() ?? 0
    }
}
