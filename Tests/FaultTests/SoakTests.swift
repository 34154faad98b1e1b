import TestSupport
import Testing

@testable import postern_soak

@Suite("A short soak")
struct SoakTests {
    @Test("whatever is killed, locked, stopped or failing, no login is lost and no old refresh token presented")
    func crashes() async throws {
        try await withPlace {
            let counts = try await CrashSoak(seed: 20_261_125, duration: .seconds(8)).run()
            #expect(counts.kills > 0 && counts.keyringFaults > 0 && counts.tenantFaults > 0)
            #expect(counts.tokens > 0 && counts.refreshes > 0)
            #expect(counts.lostLogins == 0)
        }
    }

    @Test("where the tenant has no overlap, no login is lost but by a kill or a lost answer, and each says so")
    func withoutOverlap() async throws {
        try await withPlace {
            let counts = try await CrashSoak(seed: 20_261_125, duration: .seconds(8), overlap: 0).run()
            #expect(counts.kills > 0 && counts.refreshes > 0)
        }
    }

    @Test(
        "the tokens of many profiles that expire together are all refreshed, eight at once at most",
        arguments: ["keyring", "memory"])
    func scale(persist: String) async throws {
        try await withPlace {
            let report = try await ScaleSoak(profiles: 50, persist: persist, lifetime: 12).run { _ in }
            #expect(report.refreshed == 50)
            #expect(report.mostAtOnce <= 8)
        }
    }
}
