/// Any JSON value, read to its last number and character and not kept: whether a decoder will be able to read all of a text of which only some members are
/// looked at now.
struct WholeJSON: Decodable {
    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init?(stringValue: String) {
            self.stringValue = stringValue
        }

        init?(intValue: Int) {
            return nil
        }
    }

    init(from decoder: any Decoder) throws {
        // A failed try means: a value of another type.
        if let members = try? decoder.container(keyedBy: Name.self) {
            for name in members.allKeys { _ = try members.decode(WholeJSON.self, forKey: name) }
        } else if var elements = try? decoder.unkeyedContainer() {
            while !elements.isAtEnd { _ = try elements.decode(WholeJSON.self) }
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() { return }
            if (try? value.decode(Bool.self)) != nil { return }
            if (try? value.decode(Double.self)) != nil { return }
            _ = try value.decode(String.self)
        }
    }
}
