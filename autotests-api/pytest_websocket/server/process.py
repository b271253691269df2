"""Runs a server program in a process group of its own: its output, its end, its memory and descriptors."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STOP_DEADLINE = 5.0
"""Seconds from SIGTERM to SIGKILL when a program is stopped."""

MAX_OUTPUT = 64 << 10
"""Bytes of output that are read at once: the last ones."""

_MAX_FILE = 16 << 20
"""Bytes of output that are kept on disk at most from one reading to the next."""

# Below the ports that Linux gives to outgoing connections: a client that tries to reach such a port while
# nothing listens on it can be given the very same port, and be connected to itself.
_PORTS = range(10_240, 32_768)

# Ends the group when this process has ended, however it did: the pipe is closed then.
_GUARD = 'read _; kill -s KILL -- "-$1"'


class NotStarted(Exception):
    """A program could not be started; the text says why."""


@dataclass(frozen=True)
class Usage:
    """What the processes of a server hold: resident memory in bytes, and open descriptors."""

    memory: int
    descriptors: int


class ServerProcess:
    """A running program, its children included; ``pid`` is also the id of its process group.

    Its output, standard error included, goes to a file, so that a program that prints much is never blocked.
    Raises `NotStarted`.
    """

    def __init__(self, command: Sequence[str], *, folder: Path | None = None) -> None:
        self.command = tuple(command)
        # The stream is open as long as the process is known. Appended to, so that it can be cut meanwhile.
        self._output = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115
        self._read = 0
        try:
            self._process = subprocess.Popen(  # noqa: S603 - what the user asked for
                self.command,
                cwd=folder,
                # Python would keep its output back until it ends, as no terminal reads it.
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._output.close()
            raise NotStarted(_why_not_started(self.command[0], error)) from None
        self.pid = self._process.pid
        self._guard = _guard_of(self.pid)

    @property
    def status(self) -> int | None:
        """The exit status, a negative number of a signal, or None while the program runs."""
        return self._process.poll()

    def wait(self, deadline: float) -> int | None:
        """Waits ``deadline`` seconds for the end; returns the status, None where the program still runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(deadline)
        return self.status

    def send_signal(self, number: int) -> None:
        """Sends a signal to the whole group; nothing where it has ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, number)
            else:
                self._process.send_signal(number)

    def terminate(self) -> None:
        """Sends SIGTERM to the program alone, which may want to end its children itself."""
        self._process.terminate()

    def stop(self, deadline: float = STOP_DEADLINE) -> None:
        """Stops the whole group: SIGTERM, and SIGKILL to what is left after ``deadline`` seconds."""
        if self.status is None:
            self.send_signal(signal.SIGTERM)
            self.wait(deadline)
        self.kill()

    def kill(self) -> None:
        """Ends what is left of the group at once, and closes everything but the output."""
        self.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self._process.wait()
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def close(self) -> None:
        """Stops the group and closes its output."""
        self.stop()
        self._output.close()

    def new_output(self) -> str:
        """Returns what was printed since the last call; of more than `MAX_OUTPUT` bytes the end."""
        size = os.fstat(self._output.fileno()).st_size
        begin = max(self._read, size - MAX_OUTPUT)
        text = os.pread(self._output.fileno(), size - begin, begin).decode(errors="replace")
        self._read = size
        if size > _MAX_FILE:
            os.ftruncate(self._output.fileno(), 0)
            self._read = 0
        return text

    def usage(self) -> Usage | None:
        """Returns what the program and its children hold; None on a system without /proc."""
        memory = descriptors = 0
        page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
        seen = False
        for place in _family(self.pid):
            with contextlib.suppress(OSError, ValueError, IndexError):
                memory += int((place / "statm").read_text().split()[1]) * page
                descriptors += len(os.listdir(place / "fd"))
                seen = True
        return Usage(memory, descriptors) if seen else None


def describe_end(status: int) -> str:
    """Returns how a program ended, in words, of its exit status or the negative number of a signal."""
    if status >= 0:
        return f"exited with status {status}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"


def free_port() -> int:
    """Returns a TCP port of 127.0.0.1 on which nothing listens, and that no outgoing connection is given."""
    # Plugins seed `random` with the same number in each process of xdist, which would choose the same port.
    for port in (*random.SystemRandom().sample(_PORTS, 50), 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            chosen: int = probe.getsockname()[1]
            return chosen
    raise NotStarted("no TCP port is free on 127.0.0.1")


def _guard_of(group: int) -> subprocess.Popen[bytes] | None:
    if os.name != "posix":
        return None
    return subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
        ["/bin/sh", "-c", _GUARD, "sh", str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _family(pid: int) -> Iterator[Path]:
    """Yields the folders in /proc of a process and of all that it has started."""
    place = Path(f"/proc/{pid}")
    yield place
    with contextlib.suppress(OSError):
        for thread in (place / "task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _family(int(child))


def _why_not_started(program: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and "=" in program:
        return f"there is no program {program!r}; a variable is set by: env {program} …"
    if isinstance(error, FileNotFoundError):
        return f"there is no program {program!r}"
    return f"{program!r} cannot be run: {error.strerror or error}"
