"""What a message says after the name of a credential is in no terminal, no result and no page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve
from verification.unit.plugin.conftest import Run

TOKEN = "eyJhbGciOiJIUzI1NiJ9.SECRETSECRET"
TESTS = f"""
import logging
import msgpack
from pytest_websocket import MessagePackCodec

async def test_passes(client):
    await client.send_json({{"type": "auth", "access_token": "{TOKEN}", "pin": "0815"}})
    await client.receive()

async def test_fails(client):
    await client.send_json({{"type": "auth", "access_token": "{TOKEN}", "password": "0815"}})
    print("printed", "{TOKEN}")
    logging.warning("logged {TOKEN}")
    await client.expect({{"access_token": "{TOKEN}", "password": "4711"}})

async def test_fails_in_fragments(client):
    await client.send(['{{"access_', 'token": "{TOKEN}"}}'])
    assert await client.receive() == "{TOKEN}"

async def test_fails_with_a_codec(connect):
    client = await connect(codec=MessagePackCodec())
    await client.send({{"type": "auth", "access_token": "{TOKEN}"}})
    await client.expect({{"type": "welcome"}})
"""
OWN = """
async def test_fails(client, secrets):
    secrets.add("XYZZY-PLUGH")
    await client.send("open sesame XYZZY-PLUGH")
    await client.expect("nothing")
"""
INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with run_in_background(lambda: serve(handler=echo)) as running:
        yield running.url


def everything(run: CompletedProcess[str], folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return "".join(
        [run.stdout, run.stderr, *(path.read_bytes().decode("utf-8", "replace") for path in files)]
    )


@pytest.fixture
def report(tmp_path: Path) -> list[str]:
    """Options that write everything that can be written."""
    written = tmp_path / "written"
    return [
        *("-p", "allure_pytest.plugin", f"--alluredir={written / 'allure'}", "-rA", "--showlocals"),
        *(f"--junitxml={written / 'junit.xml'}", f"--ws-report={written / 'page.html'}"),
    ]


def run_on(run_in: Run, url: str, test: str, report: list[str], *more: str) -> CompletedProcess[str]:
    options = (f"--ws-url={url}", "--ws-reply={message}", *report, *more)
    return run_in({"pytest.ini": INI, "test_login.py": test}, *options)


def test_login_by_message_is_nowhere(run_in: Run, url: str, report: list[str], tmp_path: Path) -> None:
    run = run_on(run_in, url, TESTS, report)
    assert "3 failed, 1 passed" in run.stdout, run.stdout
    found = everything(run, tmp_path / "written")
    assert "SECRETSECRET" not in found
    assert "0815" not in found
    assert "4711" not in found
    assert '"access_token": "•••••"' in run.stdout


def test_switch_shows_what_messages_say(run_in: Run, url: str, report: list[str]) -> None:
    run = run_on(run_in, url, TESTS, report, "--ws-show-secrets")
    assert TOKEN in run.stdout


def test_secret_of_the_test_is_nowhere(run_in: Run, url: str, report: list[str], tmp_path: Path) -> None:
    run = run_on(run_in, url, OWN, report)
    assert "1 failed" in run.stdout
    assert "PLUGH" not in everything(run, tmp_path / "written")


def test_secret_of_an_option_is_nowhere(run_in: Run, url: str, report: list[str], tmp_path: Path) -> None:
    test = OWN.replace('secrets.add("XYZZY-PLUGH")', "pass")
    run = run_on(run_in, url, test, report, "--ws-secret=XYZZY-PLUGH", "--ws-show-secrets")
    assert "1 failed" in run.stdout
    assert "PLUGH" not in everything(run, tmp_path / "written")


def test_short_secret_is_refused_without_its_value(run_in: Run) -> None:
    run = run_in({"pytest.ini": INI, "test_x.py": OWN}, "--ws-secret=abc")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --ws-secret: expected 6 characters or more" in run.stdout + run.stderr
