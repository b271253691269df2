"""One client for the whole session: it works with one loop_scope, and says so where it has two."""

from __future__ import annotations

import pytest

from verification.unit.plugin.conftest import Run

PROJECT = """
import pytest
import pytest_asyncio
from examples.pubsub_api import serve_pubsub
from pytest_websocket import connect
from pytest_websocket.server.background import run_in_background

{mark}

@pytest.fixture(scope="session")
def url():
    with run_in_background(serve_pubsub) as server:
        yield server.url

@{fixture}
async def anna(url):
    async with connect(url) as client:
        await client.send_json({{"type": "login", "user": "anna", "password": "correct horse"}})
        await client.expect({{"type": "welcome", "user": "anna"}})
        yield client

async def test_one(anna):
    await anna.send_json({{"type": "subscribe", "topic": "a"}})
    await anna.expect({{"type": "subscribed", "topic": "a"}})

async def test_two(anna):
    await anna.send_json({{"type": "subscribe", "topic": "b"}})
    await anna.expect({{"type": "subscribed", "topic": "b"}})

async def test_three(anna, recordings):
    recordings.add(anna.recording)
    await anna.send_json({{"type": "subscribe", "topic": "c"}})
    await anna.expect({{"type": "subscribed", "topic": "d"}})
"""
RIGHT = PROJECT.format(
    mark='pytestmark = pytest.mark.asyncio(loop_scope="session")',
    fixture='pytest_asyncio.fixture(scope="session", loop_scope="session")',
)
NAIVE = PROJECT.format(mark="", fixture='pytest.fixture(scope="session")')


def ini(mode: str, scope: str = "function") -> str:
    return f"[pytest]\nasyncio_mode = {mode}\nasyncio_default_fixture_loop_scope = {scope}\n"


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_client_of_the_session_is_used_by_every_test(run_in: Run, mode: str) -> None:
    run = run_in({"pytest.ini": ini(mode), "test_session.py": RIGHT})
    assert "1 failed, 2 passed" in run.stdout, run.stdout
    assert '$.topic: expected “"d"”, got “"c"”' in run.stdout
    # A failure shows what the tests before it have done with the client.
    assert "4 frames sent, 4 received" in run.stdout


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (
            "strict",
            "the fixture 'anna' is async def, and pytest does not run such a one: write "
            '@pytest_asyncio.fixture(scope="session", loop_scope="session") before it',
        ),
        ("auto", "this client was opened in another event loop than the one that uses it now"),
    ],
)
def test_every_test_says_what_to_write_where_the_scopes_differ(run_in: Run, mode: str, words: str) -> None:
    run = run_in({"pytest.ini": ini(mode, "session"), "test_session.py": NAIVE}, "-rN")
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert run.stdout.count(words) >= 3
    assert "AssertionError" not in run.stdout
