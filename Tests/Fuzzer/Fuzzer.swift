import CLibFuzzer
import Fuzzing
import Glibc

/// One reader under libFuzzer, which has its options on the command line (LLVM: "libFuzzer – a library for coverage-guided fuzz testing").
@main
struct Fuzzer {
    /// libFuzzer calls a C function, which can keep nothing: the reader is that of `POSTERN_FUZZ_READER`.
    private static let reader = getenv("POSTERN_FUZZ_READER").flatMap { Reader(rawValue: String(cString: $0)) }

    static func main() {
        guard reader != nil else {
            print(Reader.allCases.map(\.rawValue).joined(separator: "\n"))
            return
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let status = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
            Fuzzer.reader?.read(Array(UnsafeBufferPointer(start: data, count: size)))
            return 0
        }
        exit(status)
    }
}
