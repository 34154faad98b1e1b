/// Lets only so many tests through at once: each of these brings a bus, a keyring and a daemon, and all of them at once would starve one another
/// into missing their deadlines.
actor Turnstile {
    static let desktops = Turnstile(places: 4)

    private var places: Int
    private var queue: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        self.places = places
    }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { queue.append($0) }
        }
    }

    func leave() {
        if queue.isEmpty {
            places += 1
        } else {
            queue.removeFirst().resume()
        }
    }
}
