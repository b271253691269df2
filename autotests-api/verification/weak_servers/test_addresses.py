"""The security cases connect to the target and to nothing else."""

from __future__ import annotations

from pathlib import Path

from verification.conftest import RunSuite
from verification.weak_servers.catalogue import OPTIONS, STRONG
from verification.weak_servers.test_weak_servers import running

WATCH = """
import os, sys

def watch(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        with open(os.environ["WATCHED"], "a") as log:
            log.write(f"{arguments[1][0]}:{arguments[1][1]}\\n")

sys.addaudithook(watch)
"""

CASES = tuple(
    f"security/test_{name}.py"
    for name in ("server_side_requests", "origin_check", "credentials", "sessions", "request_smuggling")
)


def test_nothing_is_sent_to_another_address(run_suite: RunSuite, tmp_path: Path) -> None:
    (tmp_path / "watch.py").write_text(WATCH)
    log = tmp_path / "connected.txt"
    with running(STRONG) as url:
        environment = {"PYTHONPATH": str(tmp_path), "WATCHED": str(log)}
        run = run_suite("-p", "watch", f"--ws-url={url}", *OPTIONS, *CASES, **environment)
    assert run.status == 0, run.output[-2000:]
    assert {f"ws://{address}" for address in log.read_text().split()} == {url}
