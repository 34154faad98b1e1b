import TestSupport
import Testing

@testable import postern_soak

@Suite("A short soak")
struct SoakTests {
    @Test("while everything is killed, locked, stopped and failing, no login is lost and no old refresh token presented")
    func crashes() async throws {
        try await withPlace {
            let counts = try await CrashSoak(seed: 20_261_125, duration: .seconds(8)).run()
            #expect(counts.kills > 0 && counts.keyringFaults > 0 && counts.tenantFaults > 0)
            #expect(counts.tokens > 0 && counts.refreshes > 0)
            #expect(counts.lostLogins == 0)
        }
    }
}
