/// `keyring.unlock`: has the keyring's provider ask the person to unlock it. Nothing else ever lets it show a dialog.
package struct UnlockKeyring: Request {
    package static let method = "keyring.unlock"

    /// Seconds to wait for the answer, 120 if nil; the dialog is left open when they are over.
    package var timeout: Int?
    /// Where the caller can be asked.
    package var ui: UserInterface?

    package init(timeout: Int? = nil) {
        self.timeout = timeout
    }

    package enum CodingKeys: CodingKey, CaseIterable {
        case timeout, ui
    }

    package struct Response: Codable, Equatable, Sendable {
        /// How the keyring stands now.
        package var keyring: KeyringState

        package init(keyring: KeyringState) {
            self.keyring = keyring
        }
    }
}
