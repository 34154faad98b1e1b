/// The answers to requests that came together, which leave together (JSON-RPC 2.0, section 6).
final class AnswerBatch {
    private var open: Int
    private var answers: [Answer] = []

    /// - Parameter count: the requests, notifications among them.
    init(of count: Int) {
        open = count
    }

    /// Bytes of the answers that wait for the others.
    var size: Int { isComplete ? 0 : answers.reduce(0) { $0 + $1.count } }

    var isComplete: Bool { open == 0 }

    /// - Parameter answer: nil for a notification.
    /// - Returns: the whole, if this was the last and there is anything to answer.
    func take(_ answer: Answer?) -> Answer? {
        open -= 1
        if let answer { answers.append(answer) }
        return isComplete && !answers.isEmpty ? Answer(batch: answers) : nil
    }
}
