"""The works that are measured. Each is done by Postern and by those it is compared with in turns, so that all meet the machine in the same moods."""

import json
import os
import socket
import subprocess
import time

import processes
from parts import Agent, Failed, wait_until

TOKEN_GET = '{"jsonrpc":"2.0","id":1,"method":"token.get","params":{"profile":"%s"}}'
CONNECTIONS = (1, 16, 256)
DEPTHS = (1, 16)


def output(command, environment=None):
    done = subprocess.run(
        [str(word) for word in command], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{command}: {done.stderr or done.stdout}")
    return done.stdout


def in_turns(rounds, subjects):
    """Yields each subject in each round; who comes first changes from round to round."""
    subjects = list(subjects)
    for number in range(rounds):
        start = number % len(subjects)
        yield from subjects[start:] + subjects[:start]


def line(agent):
    """The answer to token.get as the agent writes it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(agent.socket))
        connection.sendall((TOKEN_GET % "p0").encode() + b"\n")
        return connection.makefile().readline()


class Bench:
    """What the works share: the compiled tools, the rounds, and where results go."""

    def __init__(self, report, tools, bin, directory, environment, *, rounds):
        self.report, self.tools, self.bin, self.directory, self.environment = report, tools, bin, directory, environment
        self.rounds = rounds

    def run(self, count, command, environment):
        """Times runs of a command, µs each."""
        return json.loads(output([self.tools / "run", count, *command], environment))

    def load(self, *arguments):
        return json.loads(output([self.tools / "load", *arguments]))

    def agent(self, name, text, **options):
        return Agent(self.bin / "posternd", self.directory / name, self.environment, text, **options)


def processes_as_callers(bench, agent, oidc, ssh, runs):
    """`postern token` as a process, from the fork to the end, µs."""
    work = "a token by a process"
    subjects = {
        "postern token": ([bench.bin / "postern", "token"], agent.environment),
        "C client": ([bench.tools / "client", agent.socket], agent.environment),
        "oidc-token": (["oidc-token", oidc.account], oidc.environment),
        "secret-tool lookup": (
            ["secret-tool", "lookup", "application", "postern", "kind", "session", "profile", "p0"], bench.environment),
        "ssh-add -l": (["ssh-add", "-l"], ssh.environment),
    }
    lengths = {name: len(output(*subject)) for name, subject in subjects.items()}
    if not lengths["postern token"] == lengths["C client"] == lengths["oidc-token"]:
        raise Failed(f"the tokens are not of one length: {lengths}")
    for name in in_turns(bench.rounds, subjects):
        bench.report.add(work, name, "µs", *bench.run(runs, *subjects[name]))
    bench.report.ratio(work, "postern token", "C client", "≤ 1.3 ×", most=1.3)
    bench.report.ratio(work, "postern token", "oidc-token", "≤ 0.5 ×", most=0.5)
    bench.report.ratio(work, "postern token", "secret-tool lookup")
    for name in "C client", "oidc-token", "secret-tool lookup", "ssh-add -l":
        bench.report.figure(work, name)


def latency(bench, agent, echo, count):
    """token.get on a new and on a kept connection, µs.

    Server and client are held on one core. Otherwise what is measured is for the most part how long a sleeping core takes to wake up, which on a
    virtual machine is 10 to 50 µs and falls now on the one and now on the other.
    """
    request = TOKEN_GET % "p0"
    subjects = {"posternd": agent.socket, "C echo": echo.socket}
    for placement, cpus in ("one core", {0}), ("any core", os.sched_getaffinity(0)):
        for part in agent, echo:
            processes.pin(part.pid, cpus)
        for connection in "new", "kept":
            for name in in_turns(bench.rounds, subjects):
                command = ["taskset", "--cpu-list", ",".join(map(str, cpus)), bench.tools / "load"]
                times = json.loads(output([*command, connection, count, subjects[name], request]))
                for quantile in "p50", "p99":
                    bench.report.add(_latency(connection, quantile, placement), name, "µs", times[quantile])
            for quantile in "p50", "p99":
                bound = {"most": 2} if placement == "one core" else {}
                bench.report.ratio(
                    _latency(connection, quantile, placement), "posternd", "C echo", "≤ 2 ×" if bound else "", **bound)


def _latency(connection, quantile, placement):
    return f"token.get, {connection} connection, {quantile}, {placement}"


def throughput(bench, agent, echo, oidc, seconds):
    """Cached requests a second. oidc-agent answers one request a connection, so there is a new one for each."""
    subjects = {"posternd": (agent.socket, TOKEN_GET % "p0"), "C echo": (echo.socket, TOKEN_GET % "p0")}
    peer = "oidc-agent"
    for _ in range(max(bench.rounds // 3, 3)):
        p50 = bench.load("new", 2000, oidc.socket, oidc.request)["p50"]
        bench.report.add("requests a second, one after the other", peer, "/s", 1e6 / p50)
    for depth in DEPTHS:
        for connections in CONNECTIONS:
            work = f"requests a second, {connections} × {depth} under way"
            for name in in_turns(max(bench.rounds // 3, 3), subjects):
                rate = bench.load("rate", seconds, *subjects[name], connections, depth)["rate"]
                bench.report.add(work, name, "/s", rate)
            bench.report.add(work, peer, "/s", bench.report.value("requests a second, one after the other", peer))
            # The goals are for requests that are pipelined.
            goals = [("≥ 0.5 ×", {"least": 0.5}), ("≥ 10 ×", {"least": 10})] if depth > 1 else [("", {}), ("", {})]
            for against, (goal, bound) in zip(("C echo", peer), goals):
                bench.report.ratio(work, "posternd", against, goal, **bound)


def peers_memory(bench, oidc, ssh):
    for name, pids in ("oidc-agent", oidc.pids()), ("ssh-agent", [ssh.pid]):
        bench.report.add("anonymous memory", name, "B", processes.anonymous(pids))
        bench.report.figure("anonymous memory", name)


def memory(bench, agent, subject):
    """Of the daemon and its keyring worker; the daemon gives back what a burst has needed after a second of quiet."""
    time.sleep(5)
    pids = processes.family(agent.pid)
    bench.report.add("anonymous memory", subject, "B", processes.anonymous(pids))
    proportional = processes.proportional(pids)
    if proportional is not None:
        bench.report.add("proportional memory", subject, "B", proportional)


def storm(bench, tenant, agent, rounds, callers=1000):
    """Callers who all at once want a token that has expired, against one caller who does, with a tenant near by and one 100 ms away."""
    request = TOKEN_GET % "p0"
    lifetime = 3
    for away in 0, 100:
        work = f"a refresh, the tenant {away} ms away"
        for name in in_turns(rounds, ["one caller", f"slowest of {callers}"]):
            time.sleep(lifetime + 0.1)
            tenant.order("members", "refresh", members={"expires_in": lifetime})
            if away:
                tenant.order("delay", "refresh", milliseconds=away)
            before = tenant.refreshes()
            count = 1 if name == "one caller" else callers
            bench.report.add(work, name, "µs", bench.load("storm", count, agent.socket, request)["max"])
            bench.report.add(f"requests to the tenant for {callers}", name, "", tenant.refreshes() - before)
        bench.report.figure(work, "one caller")
        bench.report.ratio(work, f"slowest of {callers}", "one caller", "≤ 1.2 ×", most=1.2)
    bench.report.goal_of_each(f"requests to the tenant for {callers}", f"slowest of {callers}", "1", most=1, least=1)


def expire(tenant, agent):
    """Gives the agent a token of three seconds instead of its long one."""
    tenant.order("members", "refresh", members={"expires_in": 3})
    agent.call("token.get", profile="p0", force=True)


def starts(bench, agents, oidc):
    """From exec to READY, and from socket activation to the first token, by the number of profiles."""
    for agent in agents.values():
        agent.stop()
    for size in in_turns(bench.rounds, agents):
        agent, subject = agents[size], profiles(size)
        bench.report.add("start", subject, "µs", agent.start())
        agent.stop()
        bench.report.add("first token after socket activation", subject, "µs", agent.start_activated(TOKEN_GET % "p0"))
        agent.stop()
    for _ in range(max(bench.rounds // 3, 3)):
        bench.report.add("first token after socket activation", "oidc-agent", "µs", oidc.start_and_load())
    for size in agents:
        bench.report.goal("start", profiles(size), "≤ 40 ms", most=40_000)
        bench.report.goal("first token after socket activation", profiles(size), "≤ 40 ms", most=40_000)
        bench.report.ratio("first token after socket activation", profiles(size), "oidc-agent")
    smallest, largest = profiles(min(agents)), profiles(max(agents))
    for work in "start", "first token after socket activation":
        bench.report.ratio(work, largest, smallest, "flat (≤ 1.2 ×)", most=1.2)
    bench.report.figure("first token after socket activation", "oidc-agent")


def profiles(size):
    return "1 profile" if size == 1 else f"{size:,} profiles"


def growth(bench, agent, size, seconds):
    """What a request costs with so many profiles."""
    request = TOKEN_GET % agent.call("profile.list")["profiles"][-1]["name"]
    processes.pin(agent.pid, {0})
    for _ in range(max(bench.rounds // 3, 3)):
        command = ["taskset", "--cpu-list", "0", bench.tools / "load", "kept", 2000, agent.socket, request]
        bench.report.add("token.get by profiles", profiles(size), "µs", json.loads(output(command))["p50"])
    processes.pin(agent.pid, os.sched_getaffinity(0))
    rate = bench.load("rate", seconds, agent.socket, request, 16, 16)["rate"]
    bench.report.add("requests a second by profiles", profiles(size), "/s", rate)


def report_growth(bench, sizes):
    """No worse than logarithmic: a quarter more for each tenfold number of profiles."""
    first = profiles(sizes[0])
    bench.report.figure("token.get by profiles", first)
    for size in sizes[1:]:
        allowed = 1 + 0.25 * (len(str(size)) - 1)
        bench.report.ratio("token.get by profiles", profiles(size), first, f"≤ {allowed:.2f} ×", most=allowed)
    for size in sizes:
        bench.report.figure("requests a second by profiles", profiles(size))


def report_memory(bench, sizes):
    first, last = profiles(sizes[0]), profiles(sizes[-1])
    bench.report.goal("anonymous memory", first, "≤ 8 MB", most=8_000_000)
    bench.report.figure("anonymous memory", "1 profile, after the load")
    for size in sizes[1:]:
        bench.report.figure("anonymous memory", profiles(size))
    more = bench.report.value("anonymous memory", last) - bench.report.value("anonymous memory", first)
    bench.report.add("anonymous memory of one more profile", last, "B", more / (sizes[-1] - sizes[0]))
    bench.report.goal("anonymous memory of one more profile", last, "≤ 4,096 B", most=4096)
    for subject in first, last:
        if ("proportional memory", subject) in bench.report.samples:
            bench.report.figure("proportional memory", subject)


def idle(bench, agents, seconds):
    """Wake-ups of daemons that nobody asks anything, beside how often their watchdog has them prove that they are alive."""
    time.sleep(10)
    watched = {size: Idler(agent) for size, agent in agents.items()}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(2)
        for idler in watched.values():
            idler.read()
    minutes = seconds / 60
    for size, idler in watched.items():
        subject, counts = profiles(size), idler.read()
        bench.report.add("idle: waking threads, a minute", subject, "", counts[0] / minutes)
        bench.report.add("idle: waking threads of the keyring worker, a minute", subject, "", counts[1] / minutes)
        bench.report.add("idle: watchdog messages, a minute", subject, "", counts[2] / minutes)
        bench.report.add(f"idle: CPU in {seconds} s", subject, "s", counts[3])
        # The timer wakes the agent's thread, and that a thread of Dispatch, which sends the message and looks once more before it ends.
        allowed = 6 * counts[2] / minutes
        bench.report.goal("idle: waking threads, a minute", subject, f"≤ {allowed:.3g} (six a message)", most=allowed)
        bench.report.goal("idle: waking threads of the keyring worker, a minute", subject, "0", most=0)
        bench.report.figure("idle: watchdog messages, a minute", subject)
        bench.report.figure(f"idle: CPU in {seconds} s", subject)


class Idler:
    """What an agent does from now on: wake-ups of it and of its keyring worker, watchdog messages, seconds of CPU."""

    def __init__(self, agent):
        self.agent = agent
        workers = processes.children(agent.pid)
        self.wake_ups = processes.WakeUps([agent.pid]), processes.WakeUps(workers)
        self.pids = [agent.pid, *workers]
        self.beats = agent.beats
        self.cpu = sum(map(processes.cpu, self.pids))

    def read(self):
        return (
            *(counter.read() for counter in self.wake_ups), self.agent.beats - self.beats,
            sum(map(processes.cpu, self.pids)) - self.cpu)


def sizes(bench):
    for name in "postern", "posternd", "postern-devtenant":
        bench.report.add("size of the program", name, "B", (bench.bin / name).stat().st_size)
        bench.report.figure("size of the program", name)


def build_time(bench, root):
    """A clean build of the daemon; packages that were fetched before are copied from SwiftPM's cache."""
    scratch = bench.directory / "build"
    start = time.monotonic()
    output(["swift", "build", "--package-path", root, "--scratch-path", scratch, "-c", "release", "--product", "posternd"])
    bench.report.add("clean release build", "posternd", "s", time.monotonic() - start)
    bench.report.figure("clean release build", "posternd")


def sign_in(tenant, agent, names):
    """Signs in, and waits until all is in the keyring."""
    for name in names:
        agent.sign_in(tenant, name)
    wait_until(lambda: all(p["saved"] for p in agent.call("profile.list")["profiles"]), "the saves", 120)


def check_signed_in(agent, size):
    """Reads all records, as the daemon does by itself soon after its start."""
    def count():
        return sum(profile["state"] == "signed_in" for profile in agent.call("profile.list")["profiles"])
    wait_until(lambda: count() == size, f"{size} profiles signed in", 120)
