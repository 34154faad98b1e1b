"""What the kernel says about processes (proc(5)). A process is named by its identifier and counts with its children."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def children(pid):
    text = "".join(task.joinpath("children").read_text() for task in Path(f"/proc/{pid}/task").iterdir())
    return [int(child) for child in text.split()]


def family(pid):
    return [pid] + children(pid)


def anonymous(pids):
    """Bytes of memory that is backed by no file: what a process costs by itself (RssAnon)."""
    return sum(_field(f"/proc/{pid}/status", "RssAnon:") for pid in pids) * 1024


def proportional(pids):
    """Bytes of memory, those shared with others by the part (PSS); None if that cannot be read, which takes root for posternd."""
    try:
        return sum(_field(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in pids) * 1024
    except PermissionError:
        return None


def switches(pid):
    """How often threads have waited and been woken again (voluntary_ctxt_switches)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += _field(task / "status", "voluntary_ctxt_switches:")
        except FileNotFoundError:
            pass  # A thread that has just ended.
    return total


def cpu(pid):
    """Seconds of CPU, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pin(pid, cpus):
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cpus)


def _field(path, name):
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise ValueError(f"{path} has no {name}")
