"""Measures Postern beside its peers, all in one run, and prints one table. Started by scripts/bench, on a session bus of its own."""

import argparse
import os
import platform
import subprocess
from pathlib import Path

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


def main():
    chosen = arguments()
    quick = chosen.quick
    lines = machine()
    print("\n".join(lines), flush=True)
    report = Report()
    environment = dict(os.environ)
    bench = works.Bench(
        report, chosen.tools, chosen.root / "dist/bin", chosen.directory, environment, rounds=5 if quick else 15)
    started = []
    try:
        measure(bench, chosen, started)
    finally:
        for part in reversed(started):
            part.stop()
    report.print()
    if chosen.json:
        report.write(chosen.json, lines)


def measure(bench, chosen, started):
    quick = chosen.quick
    numbers = [1, 10, 100] if quick else [1, 10, 100, 1000]

    def step(words):
        print(f"bench: {words}", flush=True, file=os.sys.stderr)

    def start(part):
        started.append(part)
        return part

    subprocess.run(
        "gnome-keyring-daemon --unlock --components=secrets --daemonize && gdbus wait --session --timeout 10 "
        "org.freedesktop.secrets", shell=True, input=b"bench", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    tenant = start(Tenant(bench.bin / "postern-devtenant", bench.directory, bench.environment))
    names = [f"p{number}" for number in range(numbers[-1])]
    one = start(bench.agent("one", configuration(tenant, names[:1])))
    works.sign_in(tenant, one, names[:1])
    answer = one.call("token.get", profile="p0")
    oidc = start(OIDCAgent(bench.directory, bench.environment, len(answer["access_token"])))
    ssh = start(SSHAgent(bench.directory, bench.environment))
    echo = start(Echo(bench.tools / "echo", bench.directory, bench.environment, "echo", works.line(one)))

    step("tokens by processes")
    works.processes_as_callers(bench, one, oidc, ssh, 20 if quick else 40)
    step("tokens by connections")
    works.latency(bench, one, echo, 1000 if quick else 3000)
    step("requests a second")
    works.throughput(bench, one, echo, oidc, 1 if quick else 2)
    works.memory(bench, one, "1 profile, after the load")
    works.peers_memory(bench, oidc, ssh)
    step("storms")
    works.expire(tenant, one)
    works.storm(bench, tenant, one, 3 if quick else 8)

    step(f"signing in {numbers[-1]} profiles")
    one.stop()
    everybody = start(bench.agent("all", configuration(tenant, names)))
    works.sign_in(tenant, everybody, names)
    everybody.stop()
    agents = {}
    for number in numbers:
        step(f"{works.profiles(number)}")
        agents[number] = start(bench.agent(f"of-{number}", configuration(tenant, names[:number]), watchdog=30))
        works.check_signed_in(agents[number], number)
        works.memory(bench, agents[number], works.profiles(number))
        works.growth(bench, agents, number, 2000, 1 if quick else 2)
    works.report_memory(bench, numbers)
    bench.report.figure("anonymous memory", "1 profile, after the load")
    if not quick:
        step("10,000 profiles in memory")
        many = [f"m{number}" for number in range(10_000)]
        large = bench.agent("of-10000", configuration(tenant, many, "memory"))
        agents_and_more = agents | {10_000: start(large)}
        works.sign_in(tenant, large, many)
        works.memory(bench, large, "10,000 profiles in memory")
        bench.report.figure("anonymous memory", "10,000 profiles in memory")
        works.growth(bench, agents_and_more, 10_000, 2000, 2)
        large.stop()
    works.report_growth(bench, numbers + ([] if quick else [10_000]))
    step("starts")
    works.starts(bench, agents, oidc)

    step("idling")
    idlers = {number: agents[number] for number in (numbers[0], numbers[-1])}
    for number, agent in idlers.items():
        agent.start()
        works.check_signed_in(agent, number)
    works.idle(bench, idlers, 60 if quick else 600)
    works.sizes(bench)
    if chosen.build_time:
        step("a clean build")
        works.build_time(bench, chosen.root)


main()
