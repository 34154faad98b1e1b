import ArgumentParser
import DevTenant
import Foundation

/// Where the tenant listens, and whom it tells.
struct ListeningOptions: ParsableArguments {
    @Option(help: "Port on 127.0.0.1; 0 takes a free one.")
    var port: UInt16 = 0

    @Option(help: ArgumentHelp("File to write the port to, once it is listening.", valueName: "path"))
    var portFile: String?

    @Flag(help: "Speak TLS, with a certificate of an authority made for this run.")
    var tls = false

    @Option(help: ArgumentHelp("File to write that authority's certificate to, in PEM.", valueName: "path"))
    var caFile: String?

    func validate() throws {
        if caFile != nil, !tls { throw ValidationError("--ca-file needs --tls: without it there is no certificate.") }
    }

    /// Writes the files, then the issuer: who has read that line finds the files complete.
    func announce(_ tenant: DevTenant) async throws {
        let issuer = await tenant.issuer
        if let caFile, let certificate = tenant.caCertificatePEM {
            try Data(certificate.utf8).write(to: URL(filePath: caFile), options: .atomic)
        }
        if let portFile, let port = URL(string: issuer)?.port {
            try Data("\(port)\n".utf8).write(to: URL(filePath: portFile), options: .atomic)
        }
        try PosternDevTenant.print(line: issuer)
    }
}
