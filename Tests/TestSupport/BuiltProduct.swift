import Foundation

/// The executables built together with the tests.
package enum BuiltProduct: String, Sendable {
    case agent = "posternd"
    case command = "postern"
    case devTenant = "postern-devtenant"

    /// Its path: SwiftPM puts executables and the test bundle into one directory.
    package var path: String {
        // The tests are a bundle loaded by swiftpm-testing-helper, or the bundle itself, whose path is an argument of
        // the helper.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: rawValue).path(percentEncoded: false)
    }
}
