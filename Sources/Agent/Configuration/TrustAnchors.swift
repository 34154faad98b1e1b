/// Stub.
package struct TrustAnchors: Equatable, Sendable {
    package var certificates: [[UInt8]]
    package var digests: Set<String>
}
