import CAgent
import CGLib
import Glibc

/// A GLib key file (the INI of .desktop files), read and edited by GLib's own GKeyFile so that comments survive an edit.
struct KeyFile {
    struct Entry: Equatable {
        var key: String
        var value: String
    }

    /// The file cannot be read, written or understood; the sentence names it.
    struct Failure: Error, Equatable {
        var message: String
    }

    let path: String
    /// In the order of the file.
    let groups: [(name: String, entries: [Entry])]

    /// Nil if there is no such file, which counts as an empty one.
    static func read(_ path: String) throws(Failure) -> KeyFile? {
        guard let file = try load(path) else { return nil }
        defer { g_key_file_unref(file) }
        var groups: [(name: String, entries: [Entry])] = []
        for group in strings(g_key_file_get_groups(file, nil)) {
            var entries: [Entry] = []
            for key in strings(g_key_file_get_keys(file, group, nil, nil)) {
                entries.append(Entry(key: key, value: try value(of: key, in: group, of: file, path: path)))
            }
            groups.append((group, entries))
        }
        return KeyFile(path: path, groups: groups)
    }

    /// Writes entries into a group of the file, making both if need be; everything else stays as it is, comments too.
    static func set(_ entries: [Entry], in group: String, of path: String) throws(Failure) {
        let file = try load(path) ?? g_key_file_new()
        defer { g_key_file_unref(file) }
        for entry in entries {
            g_key_file_set_string(file, group, entry.key, entry.value)
        }
        try save(file, to: path)
    }

    /// Takes a group out of the file, and with it an entry elsewhere that refers to it; false if the group is not there.
    static func remove(
        group: String, andReference reference: Entry, in other: String, of path: String
    ) throws(Failure) -> Bool {
        guard let file = try load(path) else { return false }
        defer { g_key_file_unref(file) }
        guard g_key_file_has_group(file, group) != 0 else { return false }
        g_key_file_remove_group(file, group, nil)
        // Either may be absent, which is no error here.
        if (try? value(of: reference.key, in: other, of: file, path: path)) == reference.value {
            g_key_file_remove_key(file, other, reference.key, nil)
        }
        try save(file, to: path)
        return true
    }

    private static func load(_ path: String) throws(Failure) -> OpaquePointer? {
        let file = g_key_file_new()
        var error: UnsafeMutablePointer<GError>?
        guard g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_COMMENTS, &error) != 0 else {
            g_key_file_unref(file)
            if let error, error.pointee.domain == g_file_error_quark(),
                error.pointee.code == G_FILE_ERROR_NOENT.rawValue
            {
                g_error_free(error)
                return nil
            }
            throw Failure(message: "\(path): \(message(of: error))")
        }
        return file
    }

    private static func value(
        of key: String, in group: String, of file: OpaquePointer?, path: String
    ) throws(Failure) -> String {
        var error: UnsafeMutablePointer<GError>?
        guard let text = g_key_file_get_string(file, group, key, &error) else {
            throw Failure(message: "\(path): [\(group)] \(key): \(message(of: error))")
        }
        defer { g_free(text) }
        return String(cString: text)
    }

    /// Replaces the file as a whole. A new one is for the user alone, like its directory.
    private static func save(_ file: OpaquePointer?, to path: String) throws(Failure) {
        // A link stays a link: the file may be kept in a repository of the user's.
        var path = path
        if let target = realpath(path, nil) {
            path = String(cString: target)
            free(target)
        }
        // A link to nothing has a mode, too: 0777.
        var old = postern_file()
        let mode = postern_lstat(path, &old) == 0 && old.mode & S_IFMT == S_IFREG ? CInt(old.mode & 0o777) : 0o600
        let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard g_mkdir_with_parents(directory, 0o700) == 0 else {
            throw Failure(message: "\(directory): \(String(cString: strerror(errno)))")
        }
        var error: UnsafeMutablePointer<GError>?
        var length: gsize = 0
        guard let text = g_key_file_to_data(file, &length, &error) else {
            throw Failure(message: "\(path): \(message(of: error))")
        }
        defer { g_free(text) }
        let flags = GFileSetContentsFlags(
            rawValue: G_FILE_SET_CONTENTS_CONSISTENT.rawValue | G_FILE_SET_CONTENTS_DURABLE.rawValue)
        guard g_file_set_contents_full(path, text, gssize(length), flags, mode, &error) != 0 else {
            throw Failure(message: "\(path): \(message(of: error))")
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
        return String(cString: error.pointee.message)
    }
}
