"""The cases for clients against clients of others: every deviation is a real one, and listed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from verification.conftest import CASES, RunSuite

ROOT = Path(__file__).parents[3]
CLIENTS = Path(__file__).parent / "clients"
DOCUMENT = ROOT / "docs" / "clients.md"

PROGRAMS = sorted(CLIENTS.glob("with_*.[!t]*"))
GO_PATH = "/usr/share/gocode"
"""Where Debian's packages of Go libraries have their source."""


def missing(what: str) -> None:
    pytest.skip(f"the client's library is not installed: {what}")


def works(*command: str, **environment: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run(command, check=False, env=os.environ | environment, capture_output=True)
    return done.returncode == 0


def command_for(program: Path, folder: Path) -> str:
    """The command that runs a client; skips where its language or library is not installed."""
    match program.suffix:
        case ".py":
            return f"{sys.executable} {program}"
        case ".mjs":
            package = program.stem.removeprefix("with_")
            if not shutil.which("node") or not (ROOT / "node_modules" / package).is_dir():
                missing("npm ci")
            return f"node {program}"
        case ".go":
            built = folder / program.stem
            environment = {"GO111MODULE": "off", "GOPATH": GO_PATH, "GOCACHE": str(folder)}
            if not works("go", "build", "-o", str(built), str(program), **environment):
                missing("golang-go and golang-github-gorilla-websocket-dev, golang-nhooyr-websocket-dev")
            return str(built)
        case ".rb":
            if not works("ruby", "-e", "require 'faye/websocket'"):
                missing("ruby-faye-websocket")
            return f"ruby {program}"
        case _:
            if not works("perl", "-MMojolicious", "-e", "1"):
                missing("libmojolicious-perl")
            return f"perl {program}"


@pytest.mark.thirdparty
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem.removeprefix("with_"))
def test_client_of_others_breaks_what_is_listed_and_no_more(
    run_suite: RunSuite, program: Path, tmp_path: Path
) -> None:
    command = command_for(program, tmp_path)
    known = ("--ws-known-failures", str(program.with_suffix(".toml")))
    run = run_suite("-n", "4", "--ws-client", f"{command} {{url}}", *known, str(CASES / "clients"), limit=900)
    assert run.status == 0, run.output[-4000:]
    assert run.counts["passed"] > 250


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem.removeprefix("with_"))
def test_every_deviation_of_a_client_stands_in_the_documents(program: Path) -> None:
    listed = tomllib.loads(program.with_suffix(".toml").read_text(encoding="utf-8"))
    document = DOCUMENT.read_text(encoding="utf-8")
    assert not {reason for reason in listed.values() if reason not in document}
