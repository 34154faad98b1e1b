import PosternProtocol

extension ProfileStatus {
    /// What a person is to know before a code is sent: the configured address is not that of who is signed in, so that somebody else may come out of the
    /// sign-in. Nil if it is, or if that cannot be told.
    var otherPersonWarning: String? {
        guard let username, let account else { return nil }
        let known = [account.email, account.phoneNumber].compactMap(\.self).map(SignInAddress.init)
        guard !known.isEmpty, !known.contains(SignInAddress(username)) else { return nil }
        let difference = """
            Profile \(name) is signed in as \(account.words), but its configured address is \(username): another person may \
            come out of this sign-in.
            """
        let consequence =
            state == .loginRequired
            ? "That person takes the place of the one before."
            : """
            As long as the present sign-in can be used, another person is refused; sign out first: postern logout \(name)
            """
        return "\(difference) \(consequence)"
    }
}
