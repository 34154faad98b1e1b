/// Rows of cells in aligned columns, without a header.
struct Table {
    let rows: [[String]]

    var lines: [Terminal.Line] {
        let rows = rows.map { $0.map(Terminal.clean) }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            // Nothing follows the last cell, not even spaces.
            let cells = zip(row.dropLast(), widths).map { $0 + String(repeating: " ", count: $1 + 2 - $0.count) }
            return .init(cells.joined() + (row.last ?? ""))
        }
    }
}
