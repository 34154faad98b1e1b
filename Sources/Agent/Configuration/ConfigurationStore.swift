import PosternProtocol

/// The configuration in force, and the editing of the user's file.
actor ConfigurationStore {
    nonisolated let files: ConfigurationFiles
    private(set) var current = Configuration()
    /// Why the files on disk are not in force.
    private(set) var error: ConfigurationError?

    nonisolated var unownedExecutor: UnownedSerialExecutor { Reactor.shared.asUnownedSerialExecutor() }

    init(files: ConfigurationFiles) {
        self.files = files
    }

    /// Reads the files. Bad ones leave the configuration in force as it is.
    func reload() async throws(ConfigurationError) -> Configuration {
        // A thousand profiles take as long as a thousand requests.
        let result = await Reactor.shared.apart { [files] () -> Result<Configuration, ConfigurationError> in
            do throws(ConfigurationError) {
                return .success(try Configuration.read(files.inOrder))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let configuration):
            current = configuration
            error = nil
            return configuration
        case .failure(let error):
            self.error = error
            throw error
        }
    }

    /// Writes a new profile into the user's file, once it is known to be right.
    ///
    /// - Throws: -32602 for a name that is taken or a setting that is wrong, 1015 if the file is bad already or cannot be written.
    func add(_ request: AddProfile) throws(AgentError) {
        let entries = AddProfile.Key.allCases.compactMap { key in
            request.settings[key].map { KeyFile.Entry(key: key.rawValue, value: $0) }
        }
        guard Profile.isValid(name: request.name) else {
            throw AgentError(
                .invalidParams, "name: a profile's name is 1 to 64 letters, digits, dots, underscores and hyphens.")
        }
        if let error { throw Agent.misconfigured(error) }
        // What is in the file may not be in force yet. One that cannot be read is not written either: said below.
        let isInFile = (try? KeyFile.has(group: "profile \(request.name)", in: files.user)) ?? false
        guard current.profile(request.name) == nil, !isInFile else {
            throw AgentError(.invalidParams, "There is a profile \"\(request.name)\" already.") { data in
                data.profile = request.name
                data.hint = "Remove it first, or edit \(files.user)."
            }
        }
        do {
            try Configuration.check(entries, ofProfile: request.name, file: files.user)
        } catch {
            throw AgentError(.invalidParams, "\(error.key ?? "name"): \(error.problem)") { data in
                data.profile = request.name
            }
        }
        do {
            try KeyFile.set(entries, in: "profile \(request.name)", of: files.user)
        } catch {
            throw AgentError(.misconfigured, error.description)
        }
    }

    /// Takes a profile out of the user's file.
    ///
    /// - Throws: 1002 if it is not there.
    func remove(_ name: String) throws(AgentError) {
        let isRemoved: Bool
        do {
            isRemoved = try KeyFile.remove(
                group: "profile \(name)", andReference: .init(key: "default_profile", value: name), in: "agent",
                of: files.user)
        } catch {
            throw AgentError(.misconfigured, error.description)
        }
        guard isRemoved else { throw notInUserFile(name) }
    }

    /// Finds out whether ``remove(_:)`` would do it, before the profile is signed out for that.
    ///
    /// - Throws: 1002 if there is no such profile, 1015 if a file that is not the user's has it, or the user's cannot be read.
    func checkRemovable(_ name: String) throws(AgentError) {
        guard Profile.isValid(name: name) else { throw notInUserFile(name) }
        do {
            if try KeyFile.has(group: "profile \(name)", in: files.user) { return }
        } catch {
            throw Agent.misconfigured(error)
        }
        // A file that cannot be read has no group to tell of; what is wrong with it, status says.
        let other = files.inOrder.first {
            $0 != files.user && (try? KeyFile.has(group: "profile \(name)", in: $0)) == true
        }
        guard let other else { throw notInUserFile(name) }
        throw AgentError(.misconfigured, "Profile \(name) stands in \(other), which the agent does not edit.") { data in
            data.profile = name
            data.hint = "To sign out of it, run 'postern logout \(name)'."
        }
    }

    private func notInUserFile(_ name: String) -> AgentError {
        AgentError(.unknownProfile, "\(files.user) has no profile \(name.quoted).") { data in
            data.profile = name
            data.profiles = current.profiles.map(\.name)
        }
    }
}
