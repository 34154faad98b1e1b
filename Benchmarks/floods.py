"""What one program of the user can do to the others: hostile connections of every sort at once, and how long another client waits meanwhile."""

import json
import multiprocessing
import socket
import threading
import time

import processes

CONNECTIONS = 8


def request(method, params=None, identifier=1):
    return json.dumps({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params or {}})


def batch(method, params=None):
    return "[" + ",".join([request(method, params)] * 64) + "]"


def kinds(login_id):
    """Each sort by its name: what is sent again and again, and whether the answers are read."""
    existing = {"name": "f1", "settings": {"issuer": "https://tenant.example/", "client_id": "x"}}
    wait = {"login_id": login_id, "timeout": 600}
    return {
        "batches of the status": (batch("agent.status"), True),
        "batches of the status, unread": (batch("agent.status"), False),
        "the status": (request("agent.status"), True),
        "batches of tokens": (batch("token.get"), True),
        "unread answers": (request("agent.hello"), False),
        "tokens of no profile": (batch("token.get", {"profile": "nobody"}), True),
        "ID tokens": (batch("idtoken.get"), True),
        "reloads": (batch("agent.reload"), True),
        "sign-outs": (batch("logout", {"profile": "nobody"}), True),
        "profiles that exist": (batch("profile.add", existing), True),
        "sign-ins": (batch("login.start"), True),
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


def measure(bench, agent, echo, rounds, each_sort):
    """How long another client's requests take under floods, µs, and the most memory that the daemon took, beside a server that nobody floods."""
    sorts = kinds(agent.call("login.start", profile="f1")["login_id"])
    groups = {name: [sort] for name, sort in sorts.items()} if each_sort else {}
    groups["all at once"] = list(sorts.values())
    subjects = {
        ("agent.hello", "posternd"): agent.socket, ("token.get", "posternd"): agent.socket, ("agent.hello", "C echo"): echo.socket}
    for name, group in groups.items():
        with Flood(str(agent.socket), group):
            for _ in range(rounds):
                for (method, subject), path in subjects.items():
                    times = bench.load("kept", 1000, path, request(method))
                    for quantile in "p50", "p99":
                        bench.report.add(f"{method} under {name}, {quantile}", subject, "µs", times[quantile])
        for (method, subject) in subjects:
            bench.report.figure(f"{method} under {name}, p50", subject)
            goal = {"goal": "≤ 5 ms", "most": 5000} if (name, subject) == ("all at once", "posternd") else None
            work = f"{method} under {name}, p99"
            bench.report.goal(work, subject, **goal) if goal else bench.report.figure(work, subject)
    bench.report.add("resident memory under floods, at most", "posternd", "B", processes.most_resident(agent.pid))
    bench.report.goal("resident memory under floods, at most", "posternd", "≤ 200 MB", most=200_000_000)


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
