import Glibc

extension [UInt8] {
    /// Overwrites what may have been a secret.
    package mutating func wipe() {
        withUnsafeMutableBytes { bytes in
            if let start = bytes.baseAddress { explicit_bzero(start, bytes.count) }
        }
    }
}
