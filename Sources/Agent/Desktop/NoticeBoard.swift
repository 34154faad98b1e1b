import FoundationEssentials
import Synchronization

/// Where accounts leave what they need the person for, and the ``Notifier`` finds it. Nobody waits for anybody.
final class NoticeBoard: Sendable {
    private let notices = Mutex(Notices())
    /// Comes when there may be something to do.
    let news = Nudge()

    func set(_ needs: [PersonNeed], of profile: String, at now: Date) {
        if notices.withLock({ $0.set(needs, of: profile, at: now) }) { news.nudge() }
    }

    func gather(at now: Date) {
        notices.withLock { $0.gather(at: now) }
    }

    func configure(areShown: Bool, profiles: [String], at now: Date) {
        notices.withLock { $0.configure(areShown: areShown, profiles: profiles, at: now) }
        news.nudge()
    }

    /// For the one who shows them.
    func withNotices<Result: Sendable>(_ body: (inout Notices) -> Result) -> Result {
        notices.withLock { body(&$0) }
    }
}
