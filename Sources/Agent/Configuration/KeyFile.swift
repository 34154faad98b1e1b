import CAgent
import CGLib
import Glibc
import OutsideInput

/// A GLib key file (the INI of .desktop files), read and edited by GLib's own GKeyFile so that comments survive an edit.
struct KeyFile {
    struct Entry: Equatable {
        var key: String
        var value: String
    }

    let path: String
    /// In the order of the file.
    let groups: [(name: String, entries: [Entry])]

    /// Nil if there is no such file, which counts as an empty one.
    static func read(_ path: String) throws(ConfigurationError) -> KeyFile? {
        guard let file = try load(path) else { return nil }
        defer { g_key_file_unref(file) }
        return KeyFile(path: path, groups: try groups(of: file, path: path))
    }

    private static func groups(
        of file: OpaquePointer?, path: String
    ) throws(ConfigurationError) -> [(name: String, entries: [Entry])] {
        var groups: [(name: String, entries: [Entry])] = []
        for group in strings(g_key_file_get_groups(file, nil)) {
            var entries: [Entry] = []
            for key in strings(g_key_file_get_keys(file, group, nil, nil)) {
                entries.append(Entry(key: key, value: try value(of: key, in: group, of: file, path: path)))
            }
            groups.append((group, entries))
        }
        return groups
    }

    /// Writes entries into a group of the file, making both if need be; everything else stays as it is, comments too.
    static func set(_ entries: [Entry], in group: String, of path: String) throws(ConfigurationError) {
        let file = try load(path) ?? g_key_file_new()
        defer { g_key_file_unref(file) }
        guard !([group] + entries.flatMap { [$0.key, $0.value] }).contains(where: { $0.utf8.contains(0) }) else {
            throw ConfigurationError(file: path, problem: "cannot hold a NUL character")
        }
        for entry in entries {
            g_key_file_set_string(file, group, entry.key, entry.value)
        }
        let text = try text(of: file, path: path)
        guard text.utf8.count <= PrivateFile.limit else {
            throw ConfigurationError(
                file: path,
                problem: "would be larger than \(PrivateFile.limit) bytes; take out what is not needed any more")
        }
        // As it will be read: what would come back as something else is not written.
        let written = try parse(text, path: path)
        defer { g_key_file_unref(written) }
        for entry in entries where try value(of: entry.key, in: group, of: written, path: path) != entry.value {
            throw ConfigurationError(
                file: path, group: group, key: entry.key, problem: "cannot be written so that it reads the same")
        }
        try save(text, to: path)
    }

    /// Whether the file has the group; false if there is no file.
    static func has(group: String, in path: String) throws(ConfigurationError) -> Bool {
        try read(path)?.groups.contains { $0.name == group } ?? false
    }

    /// Takes a group out of the file, and with it an entry elsewhere that refers to it; false if the group is not there.
    static func remove(
        group: String, andReference reference: Entry, in other: String, of path: String
    ) throws(ConfigurationError) -> Bool {
        guard !group.utf8.contains(0), let file = try load(path) else { return false }
        defer { g_key_file_unref(file) }
        guard g_key_file_has_group(file, group) != 0 else { return false }
        g_key_file_remove_group(file, group, nil)
        // Either may be absent, which is no error here.
        if (try? value(of: reference.key, in: other, of: file, path: path)) == reference.value {
            g_key_file_remove_key(file, other, reference.key, nil)
        }
        try save(try text(of: file, path: path), to: path)
        return true
    }

    private static func load(_ path: String) throws(ConfigurationError) -> OpaquePointer? {
        let text: String?
        do {
            text = try PrivateFile.read(path)
        } catch {
            throw ConfigurationError(file: path, problem: error.description)
        }
        guard let text else { return nil }
        return try parse(text, path: path)
    }

    private static func parse(_ text: String, path: String) throws(ConfigurationError) -> OpaquePointer? {
        try KeyFileLines.check(text, path: path)
        let file = g_key_file_new()
        var error: UnsafeMutablePointer<GError>?
        guard g_key_file_load_from_data(file, text, gsize(text.utf8.count), G_KEY_FILE_KEEP_COMMENTS, &error) != 0
        else {
            g_key_file_unref(file)
            throw ConfigurationError(file: path, problem: message(of: error))
        }
        return file
    }

    private static func text(of file: OpaquePointer?, path: String) throws(ConfigurationError) -> String {
        var error: UnsafeMutablePointer<GError>?
        guard let text = g_key_file_to_data(file, nil, &error) else {
            throw ConfigurationError(file: path, problem: message(of: error))
        }
        defer { g_free(text) }
        return String(cString: text)
    }

    private static func value(
        of key: String, in group: String, of file: OpaquePointer?, path: String
    ) throws(ConfigurationError) -> String {
        var error: UnsafeMutablePointer<GError>?
        guard let text = g_key_file_get_string(file, group, key, &error) else {
            throw ConfigurationError(file: path, group: group, key: key, problem: message(of: error))
        }
        defer { g_free(text) }
        return String(cString: text)
    }

    /// Replaces the file as a whole. A new one is for the user alone, like its directory.
    private static func save(_ text: String, to path: String) throws(ConfigurationError) {
        // A link stays a link: the file may be kept in a repository of the user's.
        var path = path
        if let target = realpath(path, nil) {
            path = String(cString: target)
            free(target)
        }
        var old = postern_file()
        let mode = postern_lstat(path, &old) == 0 && old.mode & S_IFMT == S_IFREG ? CInt(old.mode & 0o777) : 0o600
        let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard g_mkdir_with_parents(directory, 0o700) == 0 else {
            throw ConfigurationError(file: directory, problem: String(cString: strerror(errno)))
        }
        var error: UnsafeMutablePointer<GError>?
        let flags = GFileSetContentsFlags(
            rawValue: G_FILE_SET_CONTENTS_CONSISTENT.rawValue | G_FILE_SET_CONTENTS_DURABLE.rawValue)
        guard g_file_set_contents_full(path, text, gssize(text.utf8.count), flags, mode, &error) != 0 else {
            throw ConfigurationError(file: path, problem: message(of: error))
        }
    }

    private static func strings(_ list: UnsafeMutablePointer<UnsafeMutablePointer<gchar>?>?) -> [String] {
        guard let list else { return [] }
        defer { g_strfreev(list) }
        return (0..<Int(g_strv_length(list))).compactMap { index in list[index].map { String(cString: $0) } }
    }

    private static func message(of error: UnsafeMutablePointer<GError>?) -> String {
        guard let error else { return "unknown error" }
        defer { g_error_free(error) }
        // GLib quotes the line.
        return String(cString: error.pointee.message).escaped
    }
}
