"""The suite's own cases behind those of the reference suite, run by a client of the loop."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedOK

from pytest_websocket.wstest.case import Case
from pytest_websocket.wstest.cases import reference_cases
from pytest_websocket.wstest.own_cases import OwnCase, OwnCases
from pytest_websocket.wstest.progress import Progress
from pytest_websocket.wstest.results import Results
from pytest_websocket.wstest.selection import select
from pytest_websocket.wstest.settings import Settings
from pytest_websocket.wstest.spec import parse_spec
from pytest_websocket.wstest.testing_clients import FuzzingServer
from verification.unit.wstest.conftest import Loop


@pytest.fixture
async def loop(tmp_path: Path) -> AsyncIterator[tuple[Loop, OwnCases]]:
    own = OwnCases(0.2)
    await own.start()
    content = {"url": "ws://127.0.0.1:0", "outdir": str(tmp_path / "out")}
    spec = parse_spec(content, for_servers=False, settings=Settings())
    results, out = Results(), io.StringIO()
    known: list[Case | OwnCase] = [*reference_cases(), *own.cases]
    cases = select(known, ["*"], [])
    server = FuzzingServer(spec, cases, results, Progress(out=out), own)
    await server.start(0)
    yield Loop(server, asyncio.ensure_future(server.serve()), results, out, spec.outdir), own
    server.stop()
    await own.stop()


async def answers_wrong(connection: ClientConnection) -> None:
    async for _ in connection:
        await connection.send("something else")


def numbered(own: OwnCases, words: str) -> OwnCase:
    return next(case for case in own.cases if words in case.sends)


async def test_own_cases_follow_and_judge_a_client_of_the_loop(loop: tuple[Loop, OwnCases]) -> None:
    running, own = loop
    assert await running.told("/getCaseCount") == 517 + len(own.cases) > 800
    echo, ping = numbered(own, "message is masked"), numbered(own, "ping is answered")
    masked = numbered(own, "masked frame fails")
    assert (await running.told(f"/getCaseInfo?casetuple={ping.number}"))["id"] == ping.number
    assert await running.run(ping.number) == ("OK", "OK")
    assert await running.run(masked.number) == ("OK", "OK")
    assert await running.run(echo.number, answers_wrong, "other") == ("FAILED", "FAILED")
    result = running.results.get("other", echo.number)
    assert result is not None
    assert "the client's next message is not the expected one" in result.verdict.result
    assert result.case.rule == "RFC 6455 §5.1"
    await running.told("/updateReports?agent=other")
    assert (running.outdir / f"other_case_{echo.number.replace('.', '_')}.html").is_file()


async def test_case_that_is_skipped_opens_the_connection_and_closes_it(loop: tuple[Loop, OwnCases]) -> None:
    running, own = loop
    compressed = numbered(own, "window is kept")
    url = f"{running.url}/runCase?casetuple={compressed.number}&agent=plain"
    async with connect(url, compression=None) as connection:
        with pytest.raises(ConnectionClosedOK):
            await connection.recv()
    result = await running.results.wait_for("plain", compressed.number)
    assert result.verdict.behavior == "UNIMPLEMENTED"
    assert result.verdict.result == "the client does not offer permessage-deflate"
