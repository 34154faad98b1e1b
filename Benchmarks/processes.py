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


class WakeUps:
    """How often threads of processes have waited and been woken again (voluntary_ctxt_switches).

    A thread takes its count with it when it ends, so it is to be read more often than threads can end: Dispatch's do five seconds after their last work.
    """

    def __init__(self, pids):
        self.pids = pids
        self.first = self._counts()
        self.last = dict(self.first)

    def read(self):
        self.last |= self._counts()
        return sum(count - self.first.get(thread, 0) for thread, count in self.last.items())

    def _counts(self):
        counts = {}
        for pid in self.pids:
            for task in Path(f"/proc/{pid}/task").iterdir():
                try:
                    counts[task.name] = _field(task / "status", "voluntary_ctxt_switches:")
                except FileNotFoundError:
                    pass  # It has just ended.
        return counts


def most_resident(pid):
    """Bytes that were in memory at most, all kinds of them (VmHWM)."""
    return _field(f"/proc/{pid}/status", "VmHWM:") * 1024


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
