"""What one program of the user can do to the others: hostile connections of every sort at once, and how long another client waits meanwhile."""

import json
import multiprocessing
import socket
import statistics
import sys
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
        "long lines": (request("agent.hello", {"x": list(range(40_000))}), True),
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


def latencies(path, line, seconds):
    """How long each request of a client takes that has one at a time, ms."""
    taken = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        answers = connection.makefile()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            connection.sendall(line.encode() + b"\n")
            if '"result"' not in answers.readline():
                raise RuntimeError("no answer")
            taken.append((time.perf_counter() - start) * 1000)
            time.sleep(0.002)
    return taken


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def measure(path, pid, login_id, seconds=5, names=None):
    """Yields what was flooded, and percentiles of another client's agent.hello and token.get, ms, and the most memory so far, MB."""
    context = multiprocessing.get_context("fork")
    chosen = {name: sort for name, sort in sorts(login_id).items() if names is None or name in names}
    for title, group in [(name, [sort]) for name, sort in chosen.items()] + [("all at once", list(chosen.values()))]:
        processes = [context.Process(target=flood, args=(path, *sort), daemon=True) for sort in group]
        for process in processes:
            process.start()
        time.sleep(1)
        for method in "agent.hello", "token.get":
            taken = sorted(latencies(path, request(method), seconds))
            yield title, method, statistics.median(taken), taken[int(len(taken) * 0.99)], taken[-1], len(taken), resident(pid)
        for process in processes:
            process.kill()
            process.join()


if __name__ == "__main__":
    for result in measure(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])):
        print("%-30s %-12s median %7.2f  p99 %8.2f  max %8.2f ms  (%d)  %.0f MB" % result, flush=True)
