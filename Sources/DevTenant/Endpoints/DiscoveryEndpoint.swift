/// `GET /.well-known/openid-configuration`, with the members a tenant's document has.
extension DevTenant {
    var discovery: Answer {
        .json(
            200,
            [
                "issuer": .string(issuer),
                "authorization_endpoint": .string(issuer + "authorize"),
                "token_endpoint": .string(issuer + "oauth/token"),
                "device_authorization_endpoint": .string(issuer + "oauth/device/code"),
                "userinfo_endpoint": .string(issuer + "userinfo"),
                "mfa_challenge_endpoint": .string(issuer + "mfa/challenge"),
                "jwks_uri": .string(issuer + ".well-known/jwks.json"),
                "registration_endpoint": .string(issuer + "oidc/register"),
                "revocation_endpoint": .string(issuer + "oauth/revoke"),
                "scopes_supported": [
                    "openid", "profile", "offline_access", "name", "given_name", "family_name", "nickname", "email",
                    "email_verified", "picture", "created_at", "identities", "phone", "address",
                ],
                "response_types_supported": [
                    "code", "token", "id_token", "code token", "code id_token", "token id_token",
                    "code token id_token",
                ],
                "code_challenge_methods_supported": ["S256", "plain"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic", "client_secret_post", "private_key_jwt",
                ],
                "claims_supported": [
                    "aud", "auth_time", "created_at", "email", "email_verified", "exp", "family_name", "given_name",
                    "iat", "identities", "iss", "name", "nickname", "phone_number", "picture", "sub",
                ],
                "request_uri_parameter_supported": false,
                "request_parameter_supported": false,
                "token_endpoint_auth_signing_alg_values_supported": [
                    "RS256", "RS384", "PS256", "PS384", "ES256", "ES384",
                ],
            ])
    }
}
