"""Programs that others wrote for the reference suite, unchanged, with this suite's command.

They are taken from source packages when the test runs; ports, names and files are theirs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2]

AIOHTTP, WSPROTO = "aiohttp==3.14.5", "wsproto==1.2.0"

# The programs ask for everything: fewer messages in the cases about compression keep that in bounds.
COMMAND = f"""#!/bin/sh
PYTHONPATH={PACKAGE} exec {sys.executable} -m pytest_websocket.wstest --round-trips 5 "$@"
"""

# What the reference suite found in both programs, by aiohttp's own test: a code, and messages beyond a limit.
LARGE = {*(f"9.{second}.{third}" for second in (1, 2) for third in (4, 5, 6))}
FRAGMENTED = {*(f"9.{second}.{third}" for second in (3, 4) for third in range(1, 10))}
KNOWN: dict[str, set[str]] = {"aiohttp": {"7.9.5"} | LARGE | FRAGMENTED, "wsproto": set()}

pytestmark = [pytest.mark.thirdparty, pytest.mark.xdist_group("drivers")]

Fetch = Callable[[str], Path]


@pytest.fixture(scope="session")
def fetch(tmp_path_factory: pytest.TempPathFactory) -> Fetch:
    """Downloads a source package and returns its folder."""
    folder = tmp_path_factory.mktemp("sources")

    def get(requirement: str) -> Path:
        name, _, version = requirement.partition("==")
        unpacked = folder / f"{name}-{version}"
        if not unpacked.exists():
            pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:")
            done = finished(*pip, "--dest", folder, requirement, cwd=folder)
            if done.returncode:
                pytest.skip(f"{requirement} cannot be downloaded: {done.stderr.strip().splitlines()[-1]}")
            with tarfile.open(next(folder.glob(f"{name}-{version}.tar.gz"))) as archive:
                archive.extractall(folder, filter="data")
        return unpacked

    return get


@pytest.fixture
def wstest(tmp_path: Path) -> Path:
    """Returns the command, as a file of this name."""
    file = tmp_path / "wstest"
    file.write_text(COMMAND)
    file.chmod(0o755)
    return file


@contextlib.contextmanager
def running(
    *command: str | Path, cwd: Path, until: str = "", **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Runs a program beside the test, once it has printed ``until``; ends it with SIGTERM."""
    with subprocess.Popen(
        list(map(str, command)),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            for line in program.stdout:
                if until in line:
                    break
            yield program
        finally:
            if program.poll() is None:
                program.send_signal(signal.SIGTERM)
                program.communicate()


def finished(
    *command: str | Path, cwd: Path, limit: float = 600, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, which has to come within ``limit`` seconds."""
    return subprocess.run(
        list(map(str, command)),
        check=False,
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=limit,
    )


def failed(index: Path, agent: str) -> set[str]:
    """Returns the reference suite's cases that failed, by number."""
    cases = json.loads(index.read_text())[agent]
    bad = {"FAILED", "UNCLEAN"}
    assert len([number for number in cases if int(number.partition(".")[0]) < 14]) >= 300
    return {
        number
        for number, case in cases.items()
        if bad & {case["behavior"], case["behaviorClose"]} and int(number.partition(".")[0]) < 14
    }


@pytest.mark.parametrize("mode", ["client", "server"])
def test_wsproto_runs_its_own_script_unchanged(fetch: Fetch, wstest: Path, tmp_path: Path, mode: str) -> None:
    source = fetch(WSPROTO)
    compliance = tmp_path / "compliance"
    shutil.copytree(source / "compliance", compliance)
    (compliance / "autobahntestsuite-venv" / "bin").mkdir(parents=True)
    shutil.copy(wstest, compliance / "autobahntestsuite-venv" / "bin" / "wstest")
    # Cases for which wsproto's client offers nothing are a failure to its script.
    cases = json.dumps([*(f"{chapter}.*" for chapter in range(1, 11)), "12.*", "13.1.*"])
    script = (sys.executable, "run-autobahn-tests.py", mode, "--cases", cases)
    run = finished(*script, cwd=compliance, PYTHONPATH=str(source / "src"))
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-2000:]
    assert "SUCCESS!" in run.stdout
    assert "failed 0 out of 409 total" in run.stdout


def test_client_of_aiohttp_runs_the_loop(fetch: Fetch, wstest: Path, tmp_path: Path) -> None:
    folder = fetch(AIOHTTP) / "tests" / "autobahn" / "client"
    command = (wstest, "--mode", "fuzzingserver", "--spec", folder / "fuzzingserver.json")
    with running(*command, "--webport", "0", cwd=tmp_path, until="cases at") as server:
        done = finished(sys.executable, folder / "client.py", cwd=tmp_path, limit=900)
        assert done.returncode == 0, done.stderr
        server.send_signal(signal.SIGTERM)
        printed, _ = server.communicate()
        # Masked frames, among others, are taken: see docs/clients.md.
        assert server.returncode == 1, printed
    assert failed(tmp_path / "reports" / "clients" / "index.json", "aiohttp") == KNOWN["aiohttp"]


def test_server_of_aiohttp_is_tested(fetch: Fetch, wstest: Path, tmp_path: Path) -> None:
    folder = fetch(AIOHTTP) / "tests" / "autobahn" / "server"
    with running(sys.executable, folder / "server.py", cwd=tmp_path, until="Running on"):
        done = finished(wstest, "-m", "fuzzingclient", "-s", folder / "fuzzingclient.json", cwd=tmp_path)
        assert done.returncode == 1, done.stdout + done.stderr
    assert failed(tmp_path / "reports" / "servers" / "index.json", "AutobahnServer") == KNOWN["aiohttp"]


def test_client_of_wsproto_runs_the_loop(fetch: Fetch, wstest: Path, tmp_path: Path) -> None:
    source = fetch(WSPROTO)
    folder = source / "compliance"
    command = (wstest, "-m", "fuzzingserver", "-s", folder / "ws-fuzzingserver.json", "--only-reference")
    with running(*command, "-u", "0", cwd=tmp_path, until="cases at"):
        program = (sys.executable, folder / "test_client.py")
        done = finished(*program, cwd=tmp_path, PYTHONPATH=str(source / "src"))
        assert done.returncode == 0, done.stderr
    assert failed(tmp_path / "reports" / "clients" / "index.json", "wsproto") == KNOWN["wsproto"]
