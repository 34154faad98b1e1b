import FoundationEssentials

/// Which notifications the person is to see: what profiles need goes in, and what is to be shown and closed comes out.
///
/// There is one for each kind of need, and one for everything that comes up around the session's start or a resume. Each names all the profiles that it is
/// about. A change replaces it, and it is closed when no profile needs the person for it any more.
struct Notices: Sendable {
    /// From the session's start, or a resume, so long what is needed goes into one notification. A network can take a minute to be back.
    static let gathering = Duration.seconds(120)
    /// What comes together is shown together: a change is shown when so long no other has come, or the limit has passed.
    static let settling = Duration.seconds(2)
    static let settlingLimit = Duration.seconds(10)

    /// What one notification is about.
    enum Topic: Hashable, Comparable, Sendable {
        case everything
        case kind(PersonNeed.Kind)
    }

    /// By this a server knows a notification.
    struct Handle: Equatable, Sendable {
        /// The server's unique name: a number means nothing to another one.
        var server: String
        var number: UInt32
    }

    enum Action: Equatable, Sendable {
        /// The outcome is to be said by ``shown(_:as:)`` or ``notShown(_:)``.
        case show(Notice, about: Topic, replacing: Handle?)
        case close(Handle)
    }

    private struct Item: Sendable {
        enum Standing: Sendable {
            case new
            case shown
            /// The person has seen it, and does not want to see it again.
            case dismissed
        }

        let need: PersonNeed
        let topic: Topic
        /// When the person may be told.
        let ripensAt: Date
        var standing = Standing.new
    }

    /// What became of a topic's notification.
    private struct Display: Sendable {
        var notification: Notice?
        var handle: Handle?
        /// Nobody shows it, but a server that comes would.
        var awaitsServer = false
        /// When something changed that it does not show yet.
        var changedAt: Date?
    }

    private var items: [String: [Item]] = [:]
    private var displays: [Topic: Display] = [:]
    private var gatheringEnd = Date.distantPast
    private var areShown = true

    /// The session starts or resumes.
    mutating func gather(at now: Date) {
        gatheringEnd = now + Self.gathering
    }

    /// - Returns: whether that is news.
    mutating func set(_ needs: [PersonNeed], of profile: String, at now: Date) -> Bool {
        let old = items[profile] ?? []
        guard old.map(\.need) != needs else { return false }
        let isGathering = now < gatheringEnd
        let new = needs.map { need in
            old.first { $0.need == need }
                ?? Item(
                    need: need, topic: isGathering ? .everything : .kind(need.kind), ripensAt: now + need.patience)
        }
        for item in old where !needs.contains(item.need) { displays[item.topic]?.changedAt = now }
        items[profile] = new.isEmpty ? nil : new
        return true
    }

    /// What the configuration says.
    mutating func configure(areShown: Bool, profiles: [String], at now: Date) {
        self.areShown = areShown
        guard !items.isEmpty else { return }
        for profile in Set(items.keys).subtracting(profiles) { _ = set([], of: profile, at: now) }
    }

    mutating func shown(_ topic: Topic, as handle: Handle) {
        displays[topic]?.handle = handle
    }

    /// There is no server, or it does not answer.
    mutating func notShown(_ topic: Topic) {
        displays[topic]?.handle = nil
        displays[topic]?.awaitsServer = true
    }

    /// A server has closed a notification.
    ///
    /// - Parameter isDismissal: whether the person did it.
    mutating func closed(_ handle: Handle, isDismissal: Bool) {
        guard let topic = topic(of: handle) else { return }
        displays[topic] = nil
        guard isDismissal else { return }
        change(about: topic) { if $0.standing == .shown { $0.standing = .dismissed } }
    }

    /// What the notification's action is to do; nil if it is not there, or what it was for has passed.
    func signIn(of handle: Handle) -> Notice.SignIn? {
        guard let topic = topic(of: handle), let signIn = displays[topic]?.notification?.signIn else { return nil }
        if case .profile(let name) = signIn, items[name] == nil { return nil }
        return signIn
    }

    /// A server is gone, and with it what it showed; nil is whichever there was.
    mutating func serverLeft(_ server: String?) {
        for (topic, display) in displays {
            guard let handle = display.handle, server == nil || handle.server == server else { continue }
            notShown(topic)
        }
    }

    /// There is a server: what another one would show, it shows.
    mutating func serverCame(at now: Date) {
        for topic in displays.filter(\.value.awaitsServer).keys {
            displays[topic] = Display(changedAt: now)
            change(about: topic) { if $0.standing == .shown { $0.standing = .new } }
        }
    }

    /// Whether no server is of interest.
    var isIdle: Bool { displays.values.allSatisfy { $0.handle == nil && !$0.awaitsServer } }

    /// What a server shows now.
    var handles: [Handle] { displays.values.compactMap(\.handle) }

    /// When something is to be done next, if nothing else happens before.
    func next(at now: Date) -> Date? {
        steps(at: now).map(\.date).min()
    }

    /// What is to be done now.
    mutating func due(at now: Date) -> [Action] {
        var actions: [Action] = []
        for step in steps(at: now) where step.date <= now {
            let display = displays[step.topic]
            guard let notification = step.notification else {
                displays[step.topic] = nil
                if let handle = display?.handle { actions.append(.close(handle)) }
                continue
            }
            displays[step.topic] = Display(notification: notification, handle: display?.handle)
            change(about: step.topic) { if $0.standing == .new, $0.ripensAt <= now { $0.standing = .shown } }
            actions.append(.show(notification, about: step.topic, replacing: display?.handle))
        }
        return actions
    }

    private struct Step {
        var topic: Topic
        var date: Date
        /// Nil is none any more.
        var notification: Notice?
    }

    private func steps(at now: Date) -> [Step] {
        var topics: [Topic: [(profile: String, item: Item)]] = [:]
        for topic in displays.keys { topics[topic] = [] }
        for (profile, items) in items.sorted(by: { $0.key < $1.key }) {
            for item in items where item.standing != .dismissed {
                topics[item.topic, default: []].append((profile, item))
            }
        }
        return topics.sorted { $0.key < $1.key }.compactMap { step(about: $0.key, $0.value, at: now) }
    }

    private func step(about topic: Topic, _ items: [(profile: String, item: Item)], at now: Date) -> Step? {
        let display = displays[topic]
        let ripe = items.filter { $0.item.ripensAt <= now }
        let new = ripe.filter { $0.item.standing == .new }.map(\.item.ripensAt)
        let unripe = areShown ? items.map(\.item.ripensAt).filter { $0 > now }.min() : nil
        let notification = ripe.isEmpty || !areShown ? nil : Notice(about: ripe.map { ($0.profile, $0.item.need) })
        let later = unripe.map { Step(topic: topic, date: $0, notification: notification) }
        guard let notification else { return display == nil ? later : Step(topic: topic, date: now) }
        // What nobody shows is shown for something new alone.
        guard display?.handle == nil ? !new.isEmpty : display?.notification != notification else { return later }
        let changes = new + [display?.changedAt].compactMap(\.self)
        let settled = (changes.max() ?? now) + Self.settling
        return Step(
            topic: topic, date: min(settled, (changes.min() ?? now) + Self.settlingLimit), notification: notification)
    }

    private func topic(of handle: Handle) -> Topic? {
        displays.first { $0.value.handle == handle }?.key
    }

    private mutating func change(about topic: Topic, _ edit: (inout Item) -> Void) {
        for profile in items.keys {
            for index in items[profile, default: []].indices where items[profile]?[index].topic == topic {
                edit(&items[profile, default: []][index])
            }
        }
    }
}
