import CLinux

/// Whether other processes of the same user may look into this one's memory.
enum HiddenMemory {
    /// The command has one thread.
    nonisolated(unsafe) private(set) static var isHidden = false

    /// Hides the memory, for good: to be called before a code, a client secret or a token is in it.
    ///
    /// Not sooner: with it the kernel hides which program this is (proc(5), `/proc/PID/exe`), and the agent may want to know that of whoever asks.
    static func hide() throws(SystemError) {
        guard !isHidden else { return }
        guard postern_hide_memory() == 0 else { throw .last }
        isHidden = true
    }
}
