"""`ServerProcess`: output, end, memory, and that nothing of a program outlives it."""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_websocket.server.process import MAX_OUTPUT, NotStarted, ServerProcess, describe_end, free_port

# Starts a child that ignores SIGTERM, prints its pid, and waits.
PARENT = """
import signal, subprocess, sys
ignores = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()"
child = subprocess.Popen([sys.executable, "-c", ignores], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def started(deadline: float) -> Iterator[type[_Programs]]:
    """Starts Python programs and closes them."""
    _Programs.all = []
    yield _Programs
    for one in _Programs.all:
        one.close()


class _Programs:
    all: list[ServerProcess]

    @classmethod
    def run(cls, source: str, **settings: Path) -> ServerProcess:
        process = ServerProcess([sys.executable, "-c", source], **settings)
        cls.all.append(process)
        return process


def output_of(process: ServerProcess, deadline: float) -> str:
    """Waits until the program has printed something."""
    text = ""
    with open(f"/proc/{process.pid}/stat"):  # it lives
        while not text:
            text = process.new_output()
            assert process.wait(deadline / 100) is None or text
    return text


def is_gone(pid: int, deadline: float) -> bool:
    """Waits until a process that is no child of this one has ended."""
    try:
        place = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([place], [], [], deadline)[0])
    finally:
        os.close(place)


def test_output_is_returned_once(started: type[_Programs], deadline: float) -> None:
    process = started.run("import sys; print('one'); print('two', file=sys.stderr)")
    assert process.wait(deadline) == 0
    assert sorted(process.new_output().split()) == ["one", "two"]
    assert process.new_output() == ""


def test_of_much_output_the_end_is_returned(started: type[_Programs], deadline: float) -> None:
    process = started.run("print('x' * 20_000_000); print('the end')")
    process.wait(deadline)
    text = process.new_output()
    assert len(text) == MAX_OUTPUT
    assert text.endswith("the end\n")
    assert process.new_output() == ""


def test_end_is_told_in_words(started: type[_Programs], deadline: float) -> None:
    ended = started.run("import sys; sys.exit(3)")
    assert describe_end(ended.wait(deadline) or 0) == "exited with status 3"
    aborted = started.run("import os; os.abort()")
    assert describe_end(aborted.wait(deadline) or 0) == "was ended by SIGABRT"


def test_children_are_measured_and_stopped_with_the_program(
    started: type[_Programs], deadline: float
) -> None:
    process = started.run(PARENT)
    child = int(output_of(process, deadline))
    usage = process.usage()
    assert usage is not None
    assert usage.memory > 10 << 20
    assert usage.descriptors >= 6
    process.stop(deadline)
    assert is_gone(child, deadline)
    assert process.status == -signal.SIGTERM


def test_program_ends_with_the_process_that_started_it(started: type[_Programs], deadline: float) -> None:
    inner = """
import sys
from pytest_websocket.server.process import ServerProcess
process = ServerProcess([sys.executable, "-c", "import signal; signal.pause()"])
print(process.pid, flush=True)
sys.stdin.read()
"""
    outer = started.run(f"import sys; sys.path[:0] = {sys.path!r}\n{inner}")
    outer.wait(deadline)
    assert is_gone(int(outer.new_output()), deadline)


def test_program_that_is_not_there_is_told() -> None:
    with pytest.raises(NotStarted, match="there is no program 'no-such-program'"):
        ServerProcess(["no-such-program"])
    with pytest.raises(NotStarted, match="a variable is set by: env PORT=1"):
        ServerProcess(["PORT=1", "node"])


def test_program_runs_in_its_folder(started: type[_Programs], tmp_path: Path, deadline: float) -> None:
    process = started.run("import os; print(os.getcwd())", folder=tmp_path)
    process.wait(deadline)
    assert process.new_output().strip() == str(tmp_path)


def test_free_ports_differ_in_processes_that_were_seeded_alike() -> None:
    state = random.getstate()
    found = set()
    for _ in range(5):
        random.setstate(state)
        found.add(free_port())
    assert len(found) > 1


def test_free_port_is_none_that_outgoing_connections_get() -> None:
    port = free_port()
    lowest, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert port < lowest
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
