"""What one program of the user can do to the others: hostile connections of every sort at once, and how long another client waits meanwhile."""

import json
import multiprocessing
import socket
import threading
import time

CONNECTIONS = 8


def request(method, params=None, identifier=1):
    return json.dumps({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params or {}})


def batch(method, params=None):
    return "[" + ",".join([request(method, params)] * 64) + "]"


def sorts(login_id):
    """Each sort by its name: what is sent again and again, and whether the answers are read."""
    wait = {"login_id": login_id, "timeout": 600}
    return {
        "batches of the status": (batch("agent.status"), True),
        "batches of the status, unread": (batch("agent.status"), False),
        "the status": (request("agent.status"), True),
        "batches of tokens": (batch("token.get"), True),
        "unread answers": (request("agent.hello"), False),
        "waits for a login": (batch("login.wait", wait), True),
        "subscriptions": (request("events.subscribe"), True),
        "padded lines": (" " * 250_000 + request("agent.hello"), True),
        "long lines": (request("agent.hello", {"x": list(range(30_000))}), True),
        "no requests": ("x", True),
    }


def flood(path, line, reads):
    """Sends over several connections for as long as this process lives, and hardly uses a processor for it."""
    data = (line + "\n").encode() * max(1, 65_536 // (len(line) + 1))

    def send(connection):
        try:
            while True:
                connection.sendall(data)
        except OSError:
            pass

    def receive(connection):
        try:
            while connection.recv(1 << 20):
                pass
        except OSError:
            pass

    threads = []
    for _ in range(CONNECTIONS):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        for body in [send] + [receive] * reads:
            threads.append(threading.Thread(target=body, args=(connection,), daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Flood:
    """Floods of these sorts at once, each by a process of its own, until it is left."""

    def __init__(self, path, sorts):
        context = multiprocessing.get_context("fork")
        self.processes = [context.Process(target=flood, args=(path, *sort), daemon=True) for sort in sorts]

    def __enter__(self):
        for process in self.processes:
            process.start()
        # Until all connections are made and full.
        time.sleep(1)

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.join()
