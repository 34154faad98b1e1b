import CSystemd
import Glibc

/// What the service manager passed at the start (sd_listen_fds_with_names(3)): sockets to listen on, and what earlier processes of the service had it
/// keep.
struct InheritedDescriptors {
    private(set) var sockets: [CInt] = []
    /// The names they were stored by, and the descriptors. They are the caller's to close.
    private(set) var stored: [(name: String, descriptor: CInt)] = []

    /// Takes them; a second call gives nothing, and no child process inherits them.
    ///
    /// - Parameter storedPrefix: how the names of stored descriptors begin. A socket has the name of its unit's FileDescriptorName=, or whatever
    ///   another program that passes sockets calls it.
    static func take(storedPrefix: String) throws(ListeningSocket.Failure) -> InheritedDescriptors {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        guard count >= 0 else {
            throw .unusable("the inherited descriptors cannot be read: \(String(cString: strerror(-count)))")
        }
        var taken = InheritedDescriptors()
        for index in 0..<Int(count) {
            let name = names?[index].map { String(cString: $0) } ?? ""
            free(names?[index])
            let descriptor = CInt(SD_LISTEN_FDS_START) + CInt(index)
            if name.hasPrefix(storedPrefix) {
                taken.stored.append((name, descriptor))
            } else {
                taken.sockets.append(descriptor)
            }
        }
        free(names)
        return taken
    }
}
