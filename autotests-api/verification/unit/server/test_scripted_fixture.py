"""The fixture `ws_server` in a run of pytest: what fails a test, and what the failure shows."""

from pathlib import Path

from verification.conftest import RunSuite

ROOT = Path(__file__).parents[4]

INI = f"""
[pytest]
pythonpath = {ROOT / "autotests-api"}
asyncio_mode = auto
addopts = -p pytest_websocket.plugin
"""

TESTS = """
import asyncio

import websockets


async def say(url, message):
    async with websockets.connect(url) as client:
        await client.send(message)


async def test_read(ws_server):
    server = await ws_server()
    saying = asyncio.create_task(say(server.url, "hello"))
    conversation = await server.accept()
    await conversation.expect("hello")
    await conversation.expect_closed(1000)
    await saying


async def test_unread(ws_server):
    server = await ws_server()
    saying = asyncio.create_task(say(server.url, "unread"))
    await server.accept()
    await saying


async def test_unread_is_allowed(ws_server):
    server = await ws_server(allow_unread=True)
    saying = asyncio.create_task(say(server.url, "unread"))
    await server.accept()
    await saying


async def test_unexpected(ws_server):
    server = await ws_server()
    saying = asyncio.create_task(say(server.url + "/other", "never"))
    await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))


async def test_own_failure_goes_first(ws_server):
    server = await ws_server()
    saying = asyncio.create_task(say(server.url, "unread"))
    await server.accept()
    await saying
    raise ValueError("the test's own")


async def test_deadline_of_the_options(ws_server):
    await (await ws_server()).accept("/never")
"""


def test_connections_and_messages_that_were_not_asked_for_fail_their_test(
    run_suite: RunSuite, tmp_path: Path
) -> None:
    (tmp_path / "pytest.ini").write_text(INI, encoding="utf-8")
    (tmp_path / "test_own_client.py").write_text(TESTS, encoding="utf-8")
    run = run_suite("-c", str(tmp_path / "pytest.ini"), str(tmp_path), WS_TIMEOUT="0.3")
    assert run.cases == {
        "test_read": "passed",
        "test_unread": "failed",
        "test_unread_is_allowed": "passed",
        "test_unexpected": "failed",
        "test_own_failure_goes_first": "failed",
        "test_deadline_of_the_options": "failed",
    }, run.output
    for words in (
        "the test did not read 1 message",
        "the test did not expect",
        "ValueError: the test's own",
        "no client connected within 0.3 s",
        "The conversation of “client under test”",
    ):
        assert words in run.output
