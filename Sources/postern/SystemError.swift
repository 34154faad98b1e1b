import Glibc

/// A system call that failed.
struct SystemError: Error, Equatable {
    /// The value of `errno`.
    let code: CInt

    static var last: Self { Self(code: errno) }

    /// The C library's words for it, such as "Connection refused".
    var words: String { String(cString: strerror(code)) }
}
