import CLibsecret

/// A `SecretService` that answers every prompt the provider asks for with an error instead of showing it.
///
/// Providers may ask for one even where the specification expects none (KeePassXC, to confirm a deletion), and
/// libsecret then performs it on its own account and blocks until it is answered: for ever, if nobody is there.
enum UnpromptedService {
    /// The GType to open the service with.
    static let type: GType = {
        var parent = GTypeQuery()
        g_type_query(secret_service_get_type(), &parent)
        return g_type_register_static_simple(
            parent.type, "PosternUnpromptedService", parent.class_size, initializeClass, parent.instance_size, nil,
            GTypeFlags(0))
    }()

    /// The error's domain; its one code is 0.
    private static let errorDomain = g_quark_from_string("postern-prompt-refused")

    private static var refusal: UnsafeMutablePointer<GError> {
        g_error_new_literal(errorDomain, 0, "the keyring wants to ask the person, which nobody called for")
    }

    private static let initializeClass: GClassInitFunc = { type, _ in
        guard let type = type?.assumingMemoryBound(to: SecretServiceClass.self) else { return }
        type.pointee.prompt_sync = { _, _, _, _, error in
            g_propagate_error(error, refusal)
            return nil
        }
        type.pointee.prompt_async = { service, _, _, _, callback, context in
            g_task_report_error(service, callback, context, nil, refusal)
        }
        type.pointee.prompt_finish = { _, result, error in
            _ = g_task_propagate_pointer(result, error)
            return nil
        }
    }
}
