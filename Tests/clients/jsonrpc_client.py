#!/usr/bin/env python3
"""Speaks to a running agent with jsonrpcclient, a JSON-RPC 2.0 library that knows nothing of Postern.

    jsonrpc_client.py /run/user/1000/postern/agent.sock     # somebody is signed in to the default profile

Exits 0 if the agent answers as the library and the specification expect, 1 with a sentence about what is not so.
"""

import json
import socket
import sys

from jsonrpcclient import Error, Ok, notification_json, parse, parse_json, request_json


class Mismatch(Exception):
    """Something the agent said is not what JSON-RPC 2.0 promises."""


def expect(condition, sentence):
    if not condition:
        raise Mismatch(sentence)


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def send(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def answer(self):
        line = self.lines.readline()
        expect(line.endswith(b"\n"), f"an answer is no whole line: {line!r}")
        return line.decode()

    def call(self, method, params=None):
        self.send(request_json(method, params))
        return parse_json(self.answer())


def results(connection):
    hello = connection.call("agent.hello")
    expect(isinstance(hello, Ok) and hello.result["name"] == "posternd", f"hello answered {hello}")
    protocol = hello.result["protocol"]
    expect(protocol["min"] <= 1 <= protocol["max"], f"the protocol is {protocol}")
    token = connection.call("token.get", {"min_ttl": 60})
    expect(isinstance(token, Ok), "token.get answered an error")
    expect(token.result["token_type"] == "Bearer" and token.result["access_token"], "token.get gave no bearer token")
    expect(token.result["expires_in"] >= 60, f"the token lives {token.result['expires_in']} seconds")


def errors(connection):
    for method, params, code in [
        ("agent.goodbye", None, -32601),
        ("token.get", {"audiense": "x"}, -32602),
        ("token.get", {"profile": "nobody"}, 1002),
    ]:
        answer = connection.call(method, params)
        expect(isinstance(answer, Error) and answer.code == code, f"{method} {params} answered {answer}")
    connection.send("{not JSON")
    answer = parse_json(connection.answer())
    expect(isinstance(answer, Error) and answer.code == -32700 and answer.id is None, f"bad JSON answered {answer}")


def several(connection):
    connection.send(notification_json("agent.hello"))
    requests = [json.loads(request_json("agent.hello")) for _ in range(3)]
    connection.send(json.dumps(requests))
    answers = list(parse(json.loads(connection.answer())))
    expect(all(isinstance(answer, Ok) for answer in answers), f"the batch answered {answers}")
    asked, answered = {request["id"] for request in requests}, {answer.id for answer in answers}
    expect(asked == answered, f"asked as {asked}, answered to {answered}")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: jsonrpc_client.py SOCKET")
    connection = Connection(sys.argv[1])
    try:
        results(connection)
        errors(connection)
        several(connection)
    except Mismatch as mismatch:
        sys.exit(f"jsonrpc_client.py: {mismatch}")
    print("jsonrpcclient called, batched and was refused: all as JSON-RPC 2.0 says")


if __name__ == "__main__":
    main()
