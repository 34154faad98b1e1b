"""Measures Postern beside its peers, all in one run, and prints one table. Started by scripts/bench, on a session bus of its own."""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

import floods
import works
from parts import Echo, OIDCAgent, SSHAgent, Tenant, configuration
from report import Report


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--build-time", action="store_true")
    return parser.parse_args()


def machine():
    """What the figures are of."""
    def first(path, name):
        lines = Path(path).read_text().splitlines()
        return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")

    def version(package):
        done = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", package], capture_output=True, text=True)
        return f"{package} {done.stdout}"

    peers = ", ".join(map(version, ["oidc-agent-cli", "libsecret-tools", "openssh-client", "gnome-keyring"]))
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout.partition("\n")[0]
    return [
        f"{first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {first('/proc/meminfo', 'MemTotal')}",
        f"Debian {Path('/etc/debian_version').read_text().strip()}, Linux {platform.release()}, {swift}",
        f"peers: {peers}",
        f"load average before: {os.getloadavg()[0]:.2f}"]


def step(words):
    print(f"bench: {words}", file=sys.stderr, flush=True)


class Run:
    """One run, in the order in which it measures; what it has started it ends."""

    def __init__(self, bench, quick):
        self.bench, self.quick = bench, quick
        self.sizes = [1, 10, 100] if quick else [1, 10, 100, 1000]
        self.names = [f"p{number}" for number in range(self.sizes[-1])]
        self.started = []
        start_keyring()
        self.tenant = self.start(Tenant(bench.bin / "postern-devtenant", bench.directory, bench.environment))

    def start(self, part):
        self.started.append(part)
        return part

    def agent(self, name, profiles, persist="keyring", **options):
        return self.start(self.bench.agent(name, configuration(self.tenant, profiles, persist), **options))

    def end(self):
        for part in reversed(self.started):
            part.stop()

    def measure(self):
        self.one_profile()
        self.many_profiles()
        self.hostile_clients()
        self.idle()

    def one_profile(self):
        """What a cached token costs, and a refresh."""
        bench, quick = self.bench, self.quick
        agent = self.agent("one", self.names[:1])
        works.sign_in(self.tenant, agent, self.names[:1])
        token = agent.call("token.get", profile=self.names[0])["access_token"]
        self.oidc = self.start(OIDCAgent(bench.directory, bench.environment, len(token)))
        ssh = self.start(SSHAgent(bench.directory, bench.environment))
        echo = self.echo = self.start(
            Echo(bench.tools / "echo", bench.directory, bench.environment, "echo", works.line(agent)))
        step("tokens by processes")
        works.processes_as_callers(bench, agent, self.oidc, ssh, 20 if quick else 40)
        step("tokens by connections")
        works.latency(bench, agent, echo, 1000 if quick else 3000)
        step("requests a second")
        works.throughput(bench, agent, echo, self.oidc, 1 if quick else 2)
        works.memory(bench, agent, "1 profile, after the load")
        works.peers_memory(bench, self.oidc, ssh)
        step("storms")
        works.expire(self.tenant, agent)
        works.storm(bench, self.tenant, agent, 3 if quick else 8)
        agent.stop()

    def many_profiles(self):
        """What grows with them. One daemon signs in to all; those that are measured have some of these profiles each."""
        bench = self.bench
        step(f"signing in to {self.sizes[-1]} profiles")
        everybody = self.agent("all", self.names)
        works.sign_in(self.tenant, everybody, self.names)
        everybody.stop()
        self.agents = {}
        for size in self.sizes:
            step(works.profiles(size))
            agent = self.agents[size] = self.agent(f"of-{size}", self.names[:size], watchdog=30)
            works.check_signed_in(agent, size)
            works.memory(bench, agent, works.profiles(size))
            works.growth(bench, agent, size, 1 if self.quick else 2)
        works.report_memory(bench, self.sizes)
        if not self.quick:
            self.profiles_in_memory(10_000)
        works.report_growth(bench, self.sizes if self.quick else self.sizes + [10_000])
        step("starts")
        works.starts(bench, self.agents, self.oidc)

    def profiles_in_memory(self, size):
        step(f"{works.profiles(size)} in memory")
        names = [f"m{number}" for number in range(size)]
        agent = self.agent(f"of-{size}", names, "memory")
        works.sign_in(self.tenant, agent, names)
        works.memory(self.bench, agent, f"{works.profiles(size)} in memory")
        self.bench.report.figure("anonymous memory", f"{works.profiles(size)} in memory")
        works.growth(self.bench, agent, size, 2)
        agent.stop()

    def hostile_clients(self):
        """What one program of the user can do to the others."""
        step("floods")
        bench = self.bench
        # Names of their own: a sign-in in memory ends what the keyring has of the profile.
        names = [f"f{number}" for number in range(self.sizes[-1])]
        agent = self.agent("flooded", names, "memory")
        works.sign_in(self.tenant, agent, names)
        floods.measure(bench, agent, self.echo, 3 if self.quick else 5, each_sort=not self.quick)
        agent.stop()

    def idle(self):
        step("idling")
        idlers = {size: self.agents[size] for size in (self.sizes[0], self.sizes[-1])}
        for size, agent in idlers.items():
            agent.start()
            works.check_signed_in(agent, size)
        works.idle(self.bench, idlers, 60 if self.quick else 600)


def start_keyring():
    """It ends with the session bus."""
    subprocess.run(
        "gnome-keyring-daemon --unlock --components=secrets --daemonize && gdbus wait --session --timeout 10 "
        "org.freedesktop.secrets", shell=True, input=b"bench", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def main():
    chosen = arguments()
    lines = machine()
    print("\n".join(lines), flush=True)
    report = Report()
    bench = works.Bench(
        report, chosen.tools, chosen.root / "dist/bin", chosen.directory, dict(os.environ),
        rounds=5 if chosen.quick else 15)
    run = Run(bench, chosen.quick)
    try:
        run.measure()
    finally:
        run.end()
    works.sizes(bench)
    if chosen.build_time:
        step("a clean build")
        works.build_time(bench, chosen.root)
    report.print()
    if chosen.json:
        report.write(chosen.json, lines)


main()
