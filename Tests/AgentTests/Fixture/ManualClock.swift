import Agent
import Foundation

/// Time that passes when a test says so. Sleepers wake in the call that brings their time.
final class ManualClock: AgentClock {
    private struct State: Sendable {
        var now: Date
        /// Seconds of it in which the machine slept.
        var asleep = 0.0
        /// What the wall clock shows beyond the agent's own time, seconds.
        var skew = 0.0
        /// How often it was read.
        var readings = 0
        /// At the reading with this number the wall clock is set by so many seconds.
        var setting: (reading: Int, seconds: Double)?
        var sleepers: [Int: Sleeper] = [:]
        var count = 0
    }

    private struct Sleeper: Sendable {
        var end: Date
        var continuation: CheckedContinuation<Void, any Error>
    }

    private let state: Watched<State>

    /// - Parameter now: the beginning, Unix seconds.
    init(now: Int = 1_800_000_000) {
        state = Watched(State(now: Date(timeIntervalSince1970: TimeInterval(now))))
    }

    var now: Date { state.value.now }

    var wall: Date {
        state.change { state in
            state.readings += 1
            if let (reading, seconds) = state.setting, state.readings == reading { state.skew = seconds }
            return state.now + state.skew
        }
    }

    /// Sets the wall clock at its `reading`th reading from now on.
    func setWallClock(ahead seconds: Double, atReading reading: Int) {
        state.change { state in
            state.readings = 0
            state.setting = (reading, seconds)
        }
    }

    var readings: Int { state.value.readings }

    /// The machine was started at time 0 and never again.
    var boot: BootTime { BootTime(id: "boot", seconds: now.timeIntervalSince1970) }

    var awake: Double {
        let state = state.value
        return state.now.timeIntervalSince1970 - state.asleep
    }

    /// Sets the wall clock, as a person or NTP would; nobody wakes from that.
    func setWallClock(ahead seconds: Double) {
        state.change { $0.skew = seconds }
    }

    var unixTime: Int { Int(now.timeIntervalSince1970) }

    func advance(by seconds: Double) {
        let awake = state.change { state in
            state.now += seconds
            let now = state.now
            let awake = state.sleepers.filter { $0.value.end <= now }
            for id in awake.keys { state.sleepers[id] = nil }
            return awake.values.sorted { $0.end < $1.end }
        }
        for sleeper in awake { sleeper.continuation.resume() }
    }

    /// The machine sleeps: time passes, and deadlines that passed are met at the resume.
    func suspend(for seconds: Double) {
        state.change { $0.asleep += seconds }
        advance(by: seconds)
    }

    /// Time passes, and nobody wakes of it.
    func leap(by seconds: Double) {
        state.change { $0.now += seconds }
    }

    /// Waits until somebody sleeps for a time of this range from now, seconds, and returns how long.
    @discardableResult
    func sleeper(within range: ClosedRange<Double>) async throws -> Double {
        try await state.wait { state in
            state.sleepers.values.map { $0.end.timeIntervalSince(state.now) }.filter(range.contains).min()
        }
    }

    /// Waits until at least so many sleep for a time of this range from now, seconds.
    func sleepers(within range: ClosedRange<Double>, count: Int) async throws {
        try await state.wait { state in
            let lengths = state.sleepers.values.map { $0.end.timeIntervalSince(state.now) }
            return lengths.filter(range.contains).count >= count ? true : nil
        }
    }

    func sleep(for duration: Duration) async throws {
        guard duration > .zero else { return }
        let id = state.change { state in
            state.count += 1
            return state.count
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isKept = state.change { state in
                    guard !Task.isCancelled else { return false }
                    let end = state.now.addingTimeInterval(duration / .seconds(1))
                    state.sleepers[id] = Sleeper(end: end, continuation: continuation)
                    return true
                }
                if !isKept { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.change { $0.sleepers.removeValue(forKey: id) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
