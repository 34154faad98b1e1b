import HTTPTypes

extension Fault {
    /// Reads a fault from the body of `POST /_dev/faults`: `kind` and what that kind needs.
    init?(_ json: JSON) {
        switch json["kind"]?.string {
        case "hold": self = .hold
        case "delay": self = .delay(milliseconds: json["milliseconds"]?.integer ?? 1000)
        case "hang_up": self = .hangUp
        case "reset": self = .reset
        case "answer":
            var headers = HTTPFields()
            for (name, value) in json["headers"]?.object ?? [:] {
                guard let name = HTTPField.Name(name), let value = value.string else { return nil }
                headers[name] = value
            }
            if let type = json["content_type"]?.string { headers[.contentType] = type }
            let body = json["body"].map { $0.string ?? $0.text } ?? ""
            self = .answer(Answer(json["status"]?.integer ?? 503, headers: headers, body: .text(body)))
        case "mfa_required": self = .mfaRequired(requirements: json["requirements"])
        case "id_token":
            guard let flaw = json["flaw"]?.string.flatMap(IDTokenFlaw.init(rawValue:)) else { return nil }
            self = .idToken(flaw)
        case "members":
            guard let members = json["members"]?.object else { return nil }
            self = .members(members)
        case "hold_answer": self = .holdAnswer
        case "lose_answer": self = .loseAnswer
        case "oversized": self = .body(.oversized(bytes: json["bytes"]?.integer ?? 16_777_216))
        case "endless": self = .body(.endless)
        case "stalled": self = .body(.stalled)
        case "trickling": self = .body(.trickling)
        case "garbled": self = .body(.garbled)
        default: return nil
        }
    }
}
