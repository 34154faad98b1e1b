"""The OpenID provider that oidc-agent needs: it knows everybody and gives a token for any refresh token.

usage: openid_provider.py TOKEN_LENGTH      prints its port
"""

import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        """The provider's metadata (OpenID Connect Discovery, section 4), whatever the path."""
        issuer = f"http://127.0.0.1:{self.server.server_port}/"
        endpoints = {
            f"{name}_endpoint": issuer + name
            for name in ("authorization", "token", "userinfo", "revocation", "device_authorization", "registration")}
        self.answer(endpoints | {
            "issuer": issuer, "jwks_uri": issuer + "jwks", "scopes_supported": ["openid", "offline_access"],
            "grant_types_supported": ["refresh_token", "authorization_code"], "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"]})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer({
            "access_token": "x" * self.server.token_length, "token_type": "Bearer", "expires_in": 864000,
            "refresh_token": "rt", "scope": "openid offline_access"})

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.token_length = int(sys.argv[1])
print(server.server_port, flush=True)
server.serve_forever()
