import HTTPTypes

/// Something that goes wrong on order.
package enum Fault: Sendable {
    /// The request waits, nothing done, until ``DevTenant/release()``.
    case hold
    /// The request waits for real time.
    case delay(milliseconds: Int)
    /// The connection is closed before anything is done.
    case hangUp
    /// The connection is reset (RFC 9293, section 3.5.2) before anything is done.
    case reset
    /// This is answered and nothing is done.
    case answer(Answer)
    /// MFA is demanded; `requirements` becomes `mfa_requirements`.
    case mfaRequired(requirements: JSON? = nil)
    /// The ID token in the answer has this flaw.
    case idToken(IDTokenFlaw)
    /// These members of the answer's JSON are replaced or added; `null` takes one away.
    case members([String: JSON])
    /// The work is done, and the answer waits until ``DevTenant/release()``.
    case holdAnswer
    /// The work is done (a rotation applied, a code used up), and the connection is closed without an answer.
    case loseAnswer
    /// The work is done, and this body takes the place of the right one.
    case body(Answer.Body)

    /// Where in the handling of a request a fault strikes. A request takes at most one fault for each.
    enum Phase: Sendable {
        case arrival
        case work
        case idToken
        case answer
        case departure
        case delivery
    }

    var phase: Phase {
        switch self {
        case .hold, .delay: .arrival
        case .hangUp, .reset, .answer, .mfaRequired: .work
        case .idToken: .idToken
        case .members: .answer
        case .holdAnswer: .departure
        case .loseAnswer, .body: .delivery
        }
    }
}

extension Fault {
    /// An OAuth error body.
    package static func refusal(_ status: Int, _ error: String, _ description: String? = nil) -> Fault {
        .answer(Refusal(status, error, description).answer)
    }

    /// 429 `too_many_requests`. Auth0 promises the reset header (Unix seconds) and, on few endpoints, Retry-After.
    package static func rateLimited(retryAfter: Int? = nil, reset: Int? = nil) -> Fault {
        var answer = Refusal.tooManyRequests.answer
        answer.headers[.retryAfter] = retryAfter.map(String.init)
        if let reset {
            answer.headers[.rateLimit] = "30"
            answer.headers[.rateLimitRemaining] = "0"
            answer.headers[.rateLimitReset] = String(reset)
        }
        return .answer(answer)
    }

    /// A page where JSON should be: a captive portal at 200, a proxy's error otherwise.
    package static func page(_ status: Int = 200) -> Fault {
        .answer(.text(status, "<!DOCTYPE html><title>Sign in to the network</title>", type: "text/html"))
    }

    package static func redirect(to location: String) -> Fault {
        .answer(Answer(307, headers: [.location: location]))
    }

    /// `{"name", "code", "description", "statusCode"}`, the shape of older endpoints.
    package static func legacyError(_ status: Int, code: String, description: JSON) -> Fault {
        .answer(
            .json(
                status,
                [
                    "name": "BadRequestError", "code": .string(code), "description": description,
                    "statusCode": .integer(status),
                ]))
    }

    package static let slowDown = Fault.answer(Refusal.slowDown.answer)
    package static let userIsBlocked = Fault.answer(Refusal.userIsBlocked.answer)
    package static let userIsDeleted = Fault.answer(Refusal.refreshTokenOfDeletedUser.answer)
    package static let botDetection = refusal(
        401, "requires_verification", "Suspicious request requires verification")
}
