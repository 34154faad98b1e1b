import PosternProtocol
package import ServiceLifecycle

extension Agent {
    /// Follows the keyring for as long as the agent runs.
    package var keyringFollower: some Service {
        KeyringFollower(keyring: keyring, accounts: accounts, events: events)
    }

    /// The one method that lets the provider show its dialog.
    func unlockKeyring(_ request: UnlockKeyring) async throws(AgentError) -> UnlockKeyring.Response {
        let timeout = try Self.seconds(request.timeout ?? 120, "timeout")
        let end = await pendingUnlocks.run { [clock, keyring, promptLock] in
            await clock.limit(.seconds(timeout)) { () -> Result<UnlockOutcome, SecretStoreError>? in
                // Where nobody has to be asked, no other prompt is waited for.
                if await keyring.state(mayStart: true) == .available { return .success(.unlocked) }
                let hold = await promptLock.hold(on: clock)
                defer { withExtendedLifetime(hold) {} }
                guard !Task.isCancelled else { return nil }
                do throws(SecretStoreError) {
                    return .success(try await keyring.unlock())
                } catch {
                    return .failure(error)
                }
            }
        }
        switch end ?? nil {
        case .success(.unlocked)?:
            await accounts.keyringChanged()
            return UnlockKeyring.Response(keyring: .available)
        case .success(.dismissed)?:
            throw AgentError(
                .denied, "The keyring stays locked: its dialog was dismissed, or could not be shown."
            ) { data in
                data.cause = "person"
                data.hint =
                    "Without a display, let 'gnome-keyring-daemon --replace --unlock' read the password from its standard input."
            }
        case nil where await promptLock.isHeldByOthers:
            throw AgentError(.timeout, "Another prompt of Postern's was not answered in time.") { data in
                data.hint = "Answer it, or cancel it, then try again."
            }
        case .success(.abandoned)?, nil:
            throw AgentError(.timeout, "The keyring's dialog was not answered in time.") { data in
                data.hint = "It is left open: answer it, then try again."
            }
        case .failure(let error)?:
            throw AgentError(error, profile: nil)
        }
    }
}
