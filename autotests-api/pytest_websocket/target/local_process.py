"""Measures the memory of a server that runs on this machine, found by the port that it listens on (Linux)."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_LISTENS = "0A"
"""State of a listening socket in /proc/net/tcp."""


@dataclass(frozen=True)
class LocalProcess:
    """The processes that listen on one port: a server with workers has several."""

    pids: tuple[int, ...]

    @classmethod
    def listening_on(cls, port: int) -> LocalProcess | None:
        """Returns the processes; None where there are none on this machine, or no /proc tells."""
        sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
        found = tuple(pid for pid in _pids() if not sockets.isdisjoint(_files(pid))) if sockets else ()
        return cls(found) if found else None

    def reset_peak(self) -> None:
        """Begins to measure the peak anew, where the system allows it."""
        for pid in self.pids:
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak(self) -> int:
        """Returns the most memory in bytes that the processes held together since `reset_peak`."""
        return sum(_figure(pid, "VmHWM:") for pid in self.pids)

    def descriptors(self) -> int:
        """Returns how many files and sockets the processes have open."""
        return sum(len(_files(pid)) for pid in self.pids)


def _inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                    found.add(words[9])
    return found


def _pids() -> list[int]:
    try:
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    except OSError:
        return []


def _files(pid: int) -> list[str]:
    found = []
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(os.readlink(entry))
    return found


def _figure(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) << 10
    return 0
