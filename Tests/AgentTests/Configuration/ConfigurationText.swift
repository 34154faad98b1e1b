import Foundation
import Testing

@testable import Agent

/// Configurations that a test writes down.
enum ConfigurationText {
    /// Reads files of these texts, the least important first.
    static func read(_ texts: String...) throws -> Configuration {
        let files = try TestFiles()
        defer { files.remove() }
        var paths: [String] = []
        for (index, text) in texts.enumerated() {
            paths.append(files.root + "/\(index).conf")
            try text.write(toFile: paths[index], atomically: true, encoding: .utf8)
        }
        return try Configuration.read(paths)
    }

    static func error(_ texts: [String]) throws -> ConfigurationError? {
        do {
            _ = texts.count == 1 ? try read(texts[0]) : try read(texts[0], texts[1])
            return nil
        } catch let error as ConfigurationError {
            return error
        }
    }

    static func profile(_ lines: String...) throws -> Profile {
        let text = (["[profile work]", "domain = acme.eu.auth0.com", "client_id = abc"] + lines).joined(separator: "\n")
        return try #require(try read(text).profile("work"))
    }
}
