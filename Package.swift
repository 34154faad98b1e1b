// swift-tools-version: 6.3

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "postern",
    products: [
        .executable(name: "postern", targets: ["postern"]),
        .executable(name: "posternd", targets: ["posternd"]),
        .executable(name: "postern-devtenant", targets: ["postern-devtenant"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: [
        .target(name: "OutsideInput", swiftSettings: settings),
        .target(name: "PosternProtocol", swiftSettings: settings),
        .target(name: "Spawn", dependencies: ["CLinux"], swiftSettings: settings),
        .target(name: "Assuan", dependencies: ["OutsideInput", "Spawn", "CLinux"], swiftSettings: settings),
        .executableTarget(
            name: "postern",
            dependencies: [
                "PosternProtocol", "OutsideInput", "Assuan", "Spawn", "CLinux", "CSignalfd",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings),

        .target(
            name: "Auth0",
            dependencies: [
                "CSecrets", "OutsideInput",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),

        .systemLibrary(name: "CSignalfd"),
        .systemLibrary(name: "CLibsecret", pkgConfig: "libsecret-1", providers: [.apt(["libsecret-1-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CGLib", pkgConfig: "glib-2.0", providers: [.apt(["libglib2.0-dev"])]),

        .systemLibrary(name: "CLinux"),
        .target(name: "CAgent"),
        .target(name: "CCrash"),
        .target(name: "CSecrets"),

        .target(name: "KeyringProtocol", swiftSettings: settings),
        .target(
            name: "Keyring", dependencies: ["KeyringProtocol", "CLibsecret", "CLinux", "CCrash"],
            swiftSettings: settings),

        .target(
            name: "Agent",
            dependencies: [
                "PosternProtocol", "OutsideInput", "Auth0", "KeyringProtocol", "Spawn", "CSystemd", "CGLib", "CLinux",
                "CAgent", "CCrash",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "posternd",
            dependencies: ["Agent", "Keyring"],
            swiftSettings: settings),

        .target(
            name: "DevTenant",
            dependencies: [
                "OutsideInput",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "_CryptoExtras", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "postern-devtenant",
            dependencies: [
                "DevTenant",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),

        .target(
            name: "TestSupport", dependencies: ["DevTenant", "CLinux", "CSystemd"], path: "Tests/TestSupport",
            swiftSettings: settings),
        .executableTarget(
            name: "postern-soak",
            dependencies: [
                "DevTenant", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Tests/Soak", swiftSettings: settings),
        .testTarget(name: "CCrashTests", dependencies: ["CCrash"], swiftSettings: settings),
        .testTarget(name: "CSecretsTests", dependencies: ["CSecrets"], swiftSettings: settings),
        .testTarget(name: "OutsideInputTests", dependencies: ["OutsideInput"], swiftSettings: settings),
        .testTarget(name: "AssuanTests", dependencies: ["Assuan", "OutsideInput"], swiftSettings: settings),
        .testTarget(name: "PosternProtocolTests", dependencies: ["PosternProtocol"], swiftSettings: settings),
        .testTarget(
            name: "PosternCLITests",
            dependencies: [
                "postern", "PosternProtocol",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "KeyringTests", dependencies: ["KeyringProtocol", "Keyring", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "AgentTests",
            dependencies: [
                "Agent", "Auth0", "DevTenant", "KeyringProtocol", "PosternProtocol", "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "Auth0Tests",
            dependencies: [
                "Auth0", "DevTenant", "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "DevTenantTests",
            dependencies: [
                "DevTenant", "postern-devtenant",
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "_CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "DevTenant", "PosternProtocol", "TestSupport", "postern", "posternd", "postern-devtenant",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "_CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CostTests",
            dependencies: ["DevTenant", "TestSupport", "posternd", "postern-devtenant"], swiftSettings: settings),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "DevTenant", "PosternProtocol", "TestSupport", "postern", "posternd", "postern-devtenant",
                "postern-soak",
            ],
            exclude: ["README.md"], swiftSettings: settings),
        // A test target, as only those may import what is internal in a release build.
        .testTarget(
            name: "Fuzzing",
            dependencies: [
                "Agent", "Assuan", "Auth0", "CLinux", "Keyring", "KeyringProtocol", "OutsideInput", "PosternProtocol",
                "postern",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/Fuzzing", swiftSettings: settings),
        .testTarget(
            name: "FuzzTests", dependencies: ["Fuzzing"], exclude: ["Corpus", "numbers.dict"], swiftSettings: settings),
    ]
)

// scripts/fuzz: the same readers under libFuzzer, in a program.
if Context.environment["POSTERN_FUZZ"] == "1" {
    // Optimized, it reads up to 300 times as many inputs. Traps stay; whatever is found is looked at in the tests, which are a debug build.
    let instrumented: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer", "-O"])]
    // A program links no other program's code: what is one, or is for tests, becomes a library, and its main another function.
    let renamedMain: [SwiftSetting] = [
        .unsafeFlags(["-parse-as-library", "-Xfrontend", "-entry-point-function-name", "-Xfrontend", "postern_main"])
    ]
    package.products = []
    package.targets = package.targets.filter {
        ![.executable, .test].contains($0.type) || ["Fuzzing", "postern"].contains($0.name)
    }
    .map { target in
        guard target.type == .executable || target.type == .test else { return target }
        return .target(
            name: target.name, dependencies: target.dependencies, path: target.path,
            swiftSettings: settings + (target.type == .executable ? renamedMain : []))
    }
    for target in package.targets { target.swiftSettings = target.swiftSettings.map { $0 + instrumented } }
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/CLibFuzzer"),
        .executableTarget(
            name: "Fuzzer", dependencies: ["Fuzzing", "CLibFuzzer"], path: "Tests/Fuzzer", swiftSettings: settings),
    ]
}
