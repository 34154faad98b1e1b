#!/usr/bin/env python3
"""Signs in to a development tenant with Auth0's own Python SDK.

The tenant and the agent were written by the same people; this client was not. If it gets through, the tenant speaks
Auth0's language and not merely the agent's.

    postern-devtenant --tls --ca-file ca.pem        # prints https://127.0.0.1:PORT/
    auth0_sdk.py 127.0.0.1:PORT ca.pem

Exits 0 if everything is as the SDK expects it, 1 with a sentence about what is not.
"""

import argparse
import os
import sys

import requests
from auth0.authentication import GetToken, Passwordless, RevokeToken, Users
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier
from auth0.authentication.exceptions import Auth0Error

EMAIL = "ada@example.com"
PHONE = "+4915112345678"
SCOPE = "openid profile email phone offline_access"


class Mismatch(Exception):
    """Something the tenant said is not what Auth0 would have said."""


def expect(condition, sentence):
    if not condition:
        raise Mismatch(sentence)


def refused(call, status, code, description=None):
    """Makes a call that the tenant must refuse in exactly this way."""
    try:
        call()
    except Auth0Error as error:
        said = (error.status_code, error.error_code, error.message)
        expect(
            said[:2] == (status, code) and description in (None, error.message),
            f"expected {status} {code} {description or ''}, got {said}",
        )
    else:
        raise Mismatch(f"expected {status} {code}, but the call succeeded")


class Session:
    """The SDK's clients for one tenant and application."""

    def __init__(self, domain, client_id, audience):
        self.domain = domain
        self.client_id = client_id
        self.audience = audience
        self.passwordless = Passwordless(domain, client_id)
        self.tokens = GetToken(domain, client_id)
        self.revocation = RevokeToken(domain, client_id)
        self.users = Users(domain)
        self.issuer = f"https://{domain}/"
        self.keys = AsymmetricSignatureVerifier(f"{self.issuer}.well-known/jwks.json")
        self.id_tokens = TokenVerifier(self.keys, issuer=self.issuer, audience=client_id)

    def control(self, method, path, **arguments):
        answer = requests.request(method, f"https://{self.domain}/_dev/{path}", timeout=5, **arguments)
        answer.raise_for_status()
        return answer.json()

    def code(self, address):
        return self.control("GET", "code", params={"to": address})["code"]

    def login(self, address, realm):
        return self.tokens.passwordless_login(
            username=address, otp=self.code(address), realm=realm, scope=SCOPE, audience=self.audience
        )

    def check(self, answer, subject_prefix):
        """Verifies both tokens of an answer and returns the ID token's claims."""
        expect(answer["token_type"] == "Bearer", f"token_type is {answer['token_type']}")
        expect(answer["expires_in"] > 0, f"expires_in is {answer['expires_in']}")
        claims = self.id_tokens.verify(answer["id_token"], max_age=60)
        expect(claims["sub"].startswith(subject_prefix), f"sub is {claims['sub']}")
        access = self.keys.verify_signature(answer["access_token"])
        expect(access["iss"] == self.issuer, f"iss of the access token is {access['iss']}")
        expect(access["aud"] == [self.audience, f"{self.issuer}userinfo"], f"its aud is {access['aud']}")
        expect(access["sub"] == claims["sub"], "the two tokens are about different people")
        expect(access["azp"] == self.client_id, f"azp is {access.get('azp')}")
        return claims


def email(session):
    started = session.passwordless.email(EMAIL, send="code")
    expect(started["email"] == EMAIL and started["_id"], f"start answered {started}")
    refused(
        lambda: session.tokens.passwordless_login(EMAIL, "not-it", "email", SCOPE, session.audience),
        403, "invalid_grant", "Wrong email or verification code.",
    )
    answer = session.login(EMAIL, "email")
    claims = session.check(answer, "email|")
    expect(claims["email"] == EMAIL and claims["email_verified"] is True, f"claims are {claims}")
    profile = session.users.userinfo(answer["access_token"])
    expect(profile["sub"] == claims["sub"] and profile["email"] == EMAIL, f"userinfo answered {profile}")
    return answer


def sms(session):
    started = session.passwordless.sms(PHONE)
    expect(started["phone_number"] == PHONE, f"start answered {started}")
    claims = session.check(session.login(PHONE, "sms"), "sms|")
    expect(claims["phone_number"] == PHONE, f"claims are {claims}")


def refresh(session, first):
    second = session.tokens.refresh_token(first["refresh_token"])
    session.check(second, "email|")
    expect(second["refresh_token"] != first["refresh_token"], "the refresh token did not rotate")
    expect(set(second["scope"].split()) == set(SCOPE.split()), f"scope is {second['scope']}")
    narrow = session.tokens.refresh_token(second["refresh_token"], scope="openid email")
    expect(set(narrow["scope"].split()) == {"openid", "email"}, f"scope is {narrow['scope']}")
    return narrow


def key_rotation(session, answer):
    session.control("POST", "keys/rotate", json={})
    session.control("POST", "keys/rotate", json={})
    renewed = session.tokens.refresh_token(answer["refresh_token"])
    session.check(renewed, "email|")
    return renewed


def revoke(session, answer):
    session.revocation.revoke_refresh_token(answer["refresh_token"])
    refused(
        lambda: session.tokens.refresh_token(answer["refresh_token"]),
        403, "invalid_grant", "Unknown or invalid refresh token.",
    )


def refusals(session):
    refused(lambda: session.passwordless.email("foo", send="code"), 400, "bad.email")
    stranger = Passwordless(session.domain, "nobody")
    refused(lambda: stranger.email(EMAIL, send="code"), 400, "bad.connection", "Connection does not exist")
    session.control(
        "POST", "faults",
        json={"endpoint": "token", "kind": "answer", "status": 429, "content_type": "application/json",
              "headers": {"x-ratelimit-limit": "30", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"},
              "body": {"error": "too_many_requests", "error_description": "later"}},
    )
    refused(lambda: session.tokens.refresh_token("any"), 429, "too_many_requests")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("domain", help="host:port of the tenant")
    parser.add_argument("ca_file", help="its authority's certificate, PEM")
    parser.add_argument("--client-id", default="postern-dev")
    parser.add_argument("--audience", default="https://api.example.com")
    arguments = parser.parse_args()
    # The SDK talks https alone and takes no certificates of its own; requests, which it uses, looks here.
    os.environ["REQUESTS_CA_BUNDLE"] = arguments.ca_file

    session = Session(arguments.domain, arguments.client_id, arguments.audience)
    try:
        answer = email(session)
        sms(session)
        answer = refresh(session, answer)
        answer = key_rotation(session, answer)
        revoke(session, answer)
        refusals(session)
    except Mismatch as mismatch:
        sys.exit(f"auth0_sdk.py: {mismatch}")
    except Exception as error:  # The SDK has many kinds, and each of them is a mismatch.
        sys.exit(f"auth0_sdk.py: {type(error).__name__}: {error}")
    print("auth0-python signed in by e-mail and sms, refreshed, verified, revoked: all as expected")


if __name__ == "__main__":
    main()
