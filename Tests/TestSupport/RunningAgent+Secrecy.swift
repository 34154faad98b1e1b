import DevTenant
import Foundation

/// A secret of the tenant stood where none may.
package struct SecretLeaked: Error {
    package var places: [String]
}

extension RunningAgent {
    /// Fails the test if a secret that the tenant knows stands in the agent's log or in any file of the desktop. The keyring's own file is encrypted.
    ///
    /// One-time codes are left out: six digits may stand in any number. The tests of secrecy look for them too.
    func checkForLeaks() async throws {
        let secrets = await tenant.knownSecrets.map(\.value).filter { $0.utf8.count >= 16 }
        var places = [("the agent's log", Data(log.utf8))]
        for directory in [desktop.home, desktop.runtimeDirectory] {
            let paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
            for path in paths.map({ directory.appending(path: $0).path }) {
                let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
                guard type == .typeRegular, let bytes = FileManager.default.contents(atPath: path) else { continue }
                places.append((path, bytes))
            }
        }
        let leaks = places.filter { place in secrets.contains { place.1.range(of: Data($0.utf8)) != nil } }
        guard leaks.isEmpty else { throw SecretLeaked(places: leaks.map(\.0)) }
    }
}
