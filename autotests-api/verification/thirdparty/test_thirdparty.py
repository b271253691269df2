"""The suite against servers of others, each really started: every deviation is a real one, and listed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
DOCUMENT = ROOT / "docs" / "targets.md"

SERVERS = {
    "websockets": "websockets_server.py",
    "aiohttp": "aiohttp_server.py",
    "starlette": "starlette_server.py",
    "ws": "ws_server.mjs",
}

# Runs the lesson's program word for word, but for the port: that one may be taken. It prints every message,
# and that is not read here.
LESSON = """
import contextlib, os, runpy, websockets

serve = websockets.serve

@contextlib.asynccontextmanager
async def serve_anywhere(handler, host, port):
    async with serve(handler, "127.0.0.1", 0) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        yield server

websockets.serve = serve_anywhere
runpy.run_path("lesson_server.py", run_name="__main__")
"""

# The server of the documents once more: it takes next to nothing, and pings all the time.
TIGHT = """
import functools, runpy, websockets.asyncio.server as server

server.serve = functools.partial(server.serve, max_size=4096, ping_interval=0.4)
runpy.run_path("websockets_server.py", run_name="__main__")
"""


@contextmanager
def running(*command: str) -> Iterator[str]:
    """Starts a server that prints its URL first; kills it when the block ends."""
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        command, cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, f"{' '.join(command)} did not start"
        yield url
    finally:
        process.kill()
        process.communicate()


def command_for(program: str) -> list[str]:
    if not program.endswith(".mjs"):
        return [sys.executable, program]
    if shutil.which("node") is None or not (ROOT / "node_modules" / "ws").is_dir():
        pytest.skip("Node or its package ws is not installed (npm ci)")
    return ["node", program]


@pytest.mark.thirdparty
@pytest.mark.parametrize("name", SERVERS)
def test_suite_finds_in_the_server_of_others_what_is_listed_and_no_more(run_suite: Any, name: str) -> None:
    with running(*command_for(SERVERS[name])) as url:
        run = run_suite(
            "-n",
            "2",
            "--ws-url",
            url,
            "--ws-reply",
            "{message}",
            "--ws-known-failures",
            str(HERE / f"{name}.toml"),
            limit=900,
        )
    assert run.status == 0, run.output[-4000:]
    assert run.counts["passed"] > 500


@pytest.mark.thirdparty
def test_small_limit_and_many_pings_turn_nothing_else_red(run_suite: Any) -> None:
    known = ("--ws-known-failures", str(HERE / "websockets.toml"))
    with running(sys.executable, "-c", TIGHT) as url:
        run = run_suite("-n", "2", "--ws-url", url, "--ws-reply", "{message}", *known, limit=900)
    assert run.status == 0, run.output[-4000:]


@pytest.mark.thirdparty
def test_server_of_the_lesson_keeps_its_text_contract(run_suite: Any) -> None:
    with running(sys.executable, "-c", LESSON) as url:
        answers_bytes = ("--ws-binary", "text:Сервер получил: {message}")
        # A mebibyte of bytes comes back as four of text: that takes its time.
        slower = ("--ws-time-scale", "6")
        run = run_suite("-n", "2", "--ws-url", url, *answers_bytes, *slower, "contract", limit=600)
    assert run.status == 0, run.output[-4000:]
    assert run.counts["skipped"] < run.counts["passed"]


@pytest.mark.parametrize("name", SERVERS)
def test_server_of_the_documents_is_the_one_that_is_tested(name: str) -> None:
    program = (HERE / SERVERS[name]).read_text(encoding="utf-8")
    assert program in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SERVERS)
def test_every_listed_deviation_stands_in_the_documents(name: str) -> None:
    listed = tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))
    document = DOCUMENT.read_text(encoding="utf-8")
    assert not {reason for reason in listed.values() if reason not in document}
