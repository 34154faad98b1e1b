"""Writes Benchmarks/startup-order.txt: the functions and data that `postern token` touches, which the linker then puts side by side."""

import argparse
import bisect
import os
import re
import subprocess
from pathlib import Path

import works
from parts import Tenant, configuration

HEAD = """\
# What `postern token` touches, in the order of the first time: the linker puts it side by side. Each page of the program that is touched costs about 3 µs,
# and strewn over 12 MB it was twice as many. Names that are no more do no harm.
# Written by: scripts/bench --startup-order
"""


def symbols(program):
    """Where each begins and ends, and its name; in the order of addresses."""
    lines = subprocess.run(["nm", "-n", "-S", program], capture_output=True, text=True, check=True).stdout.splitlines()
    fields = [line.split() for line in lines]
    return [(int(f[0], 16), int(f[0], 16) + int(f[1], 16), f[3]) for f in fields if len(f) == 4]


def touched(program, arguments, environment, log):
    """The addresses that a run executes, reads or writes, in order."""
    subprocess.run(
        ["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={log}", program, *arguments], env=environment,
        stdout=subprocess.DEVNULL, check=True)
    for line in log.open():
        match = re.match(r"^(?:I| [LSM]) +([0-9a-f]+),", line)
        if match:
            yield int(match[1], 16)


def main():
    parser = argparse.ArgumentParser()
    for name in "root", "directory", "tools":
        parser.add_argument(f"--{name}", type=Path, required=True)
    chosen = parser.parse_args()
    # valgrind does not understand the debugging information, and the finished program has no symbols.
    program = chosen.directory / "postern"
    subprocess.run(["objcopy", "--strip-debug", chosen.root / ".build/static/release/postern", program], check=True)
    table = symbols(program)
    starts = [start for start, _, _ in table]

    bench = works.Bench(None, chosen.tools, chosen.root / "dist/bin", chosen.directory, dict(os.environ), rounds=1)
    tenant = Tenant(bench.bin / "postern-devtenant", chosen.directory, bench.environment)
    agent = bench.agent("order", configuration(tenant, ["p0"], "memory"))
    names = {}
    try:
        works.sign_in(tenant, agent, ["p0"])
        for arguments in ["token"], ["token", "p0"], ["header", "p0"]:
            for address in touched(program, arguments, agent.environment, chosen.directory / "lackey.log"):
                index = bisect.bisect_right(starts, address) - 1
                if index >= 0 and address < table[index][1]:
                    names.setdefault(table[index][2])
    finally:
        agent.stop()
        tenant.stop()
    Path(__file__).with_name("startup-order.txt").write_text(HEAD + "\n".join(names) + "\n")


main()
