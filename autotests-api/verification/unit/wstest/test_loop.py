"""The loop: what a client of the reference suite asks for, and the verdicts on it."""

import asyncio
import json
import urllib.request
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from verification.unit.wstest.conftest import Loop, StartLoop, echo

FAST = ("1.*", "2.*", "3.*", "4.*", "5.1", "5.15", "6.1.*", "6.3.*", "6.5.*", "7.*", "10.1.1")


async def test_count_info_and_status_of_a_case(start_loop: StartLoop) -> None:
    loop = await start_loop("1.1.*", "2.*")
    assert await loop.told("/getCaseCount") == 8 + 11
    info = await loop.told("/getCaseInfo?case=9")
    assert info["id"] == "2.1"
    assert info["description"]
    status = asyncio.create_task(loop.told("/getCaseStatus?case=1&agent=own"))
    await loop.run("1.1.1")
    assert await status == {"behavior": "OK"}


async def test_correct_client_keeps_every_case_but_the_one_that_is_known(start_loop: StartLoop) -> None:
    loop = await start_loop(*FAST)
    count = await loop.told("/getCaseCount")
    for index in range(1, count + 1):
        await run_by_index(loop, index)
    results = loop.results.of("own")
    assert len(results) == count
    # websockets answers a Close frame between fragments with 1002.
    failed = [one.case.number for one in results if one.verdict.is_failure()]
    assert failed == ["7.1.5"], loop.out.getvalue()


async def run_by_index(loop: Loop, index: int) -> None:
    path = f"/runCase?case={index}&agent=own"
    try:
        async with connect(loop.url + path, max_size=None) as connection:
            await echo(connection)
    except websockets.ConnectionClosed:
        pass


async def silent(connection: ClientConnection) -> None:
    await connection.wait_closed()


async def wrong(connection: ClientConnection) -> None:
    async for _ in connection:
        await connection.send("something else")


async def twice(connection: ClientConnection) -> None:
    async for message in connection:
        await connection.send(message)
        await connection.send(message)


async def closes(connection: ClientConnection) -> None:
    await connection.close(1001)


async def drops(connection: ClientConnection) -> None:
    connection.transport.abort()


@pytest.mark.parametrize(
    ("number", "talk", "words"),
    [
        ("1.1.2", silent, ("FAILED", "WRONG CODE")),
        ("1.1.2", wrong, ("FAILED", "WRONG CODE")),
        ("1.1.2", closes, ("FAILED", "FAILED")),
        ("1.1.2", drops, ("FAILED", "FAILED")),
        ("1.1.2", twice, ("FAILED", "OK")),
        ("2.2", silent, ("OK", "OK")),
        ("9.7.1", wrong, ("FAILED", "OK")),
        ("9.7.1", echo, ("OK", "OK")),
        ("12.1.1", echo, ("OK", "OK")),
        ("12.3.18", echo, ("OK", "OK")),
        ("13.1.1", echo, ("OK", "OK")),
        ("13.3.11", echo, ("OK", "OK")),
        ("13.2.1", echo, ("UNIMPLEMENTED", "OK")),
        ("12.1.1", wrong, ("FAILED", "OK")),
    ],
)
async def test_what_a_client_does_has_its_words(
    start_loop: StartLoop, number: str, talk: Any, words: tuple[str, str]
) -> None:
    loop = await start_loop(number)
    assert await loop.run(number, talk) == words


async def test_several_clients_at_once_have_results_of_their_own(start_loop: StartLoop) -> None:
    loop = await start_loop("1.*")
    async with asyncio.TaskGroup() as tasks:
        for agent in ("a", "b", "c"):
            for number in ("1.1.1", "1.1.8", "1.2.2"):
                tasks.create_task(loop.run(number, agent=agent))
    assert {agent: len(loop.results.of(agent)) for agent in ("a", "b", "c")} == {"a": 3, "b": 3, "c": 3}


async def test_reports_are_the_reference_suites_files(start_loop: StartLoop) -> None:
    loop = await start_loop("1.1.1", "3.1")
    await loop.run("1.1.1", agent="My Agent/1.0")
    await loop.run("3.1", silent, agent="My Agent/1.0")
    assert await loop.told("/updateReports?agent=My%20Agent/1.0") is None
    index = json.loads((loop.outdir / "index.json").read_text())
    cases = index["My Agent/1.0"]
    assert set(cases) == {"1.1.1", "3.1"}
    assert cases["1.1.1"] == {
        "behavior": "OK",
        "behaviorClose": "OK",
        "duration": cases["1.1.1"]["duration"],
        "remoteCloseCode": 1000,
        "reportfile": "my_agent_1_0_case_1_1_1.json",
    }
    details = json.loads((loop.outdir / cases["3.1"]["reportfile"]).read_text())
    assert details["id"] == "3.1"
    assert details["isServer"] is True
    assert details["wirelog"][0][0] == "TF"
    assert details["httpRequest"].startswith("GET /runCase?casetuple=3.1")
    page = (loop.outdir / "my_agent_1_0_case_3_1.html").read_text()
    assert "RFC 6455 §5.2" in page
    assert "my_agent_1_0_case_3_1.html" in (loop.outdir / "index.html").read_text()


@pytest.mark.parametrize("path", ["/updateReports?agent=a&shutdownOnComplete=true", "/stopServer"])
async def test_client_can_end_the_server(start_loop: StartLoop, path: str) -> None:
    loop = await start_loop("1.1.1")
    await loop.told(path)
    await asyncio.wait_for(asyncio.shield(loop.serving), 5)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/runCase?case=3&agent=a", "case 3 is not there: the cases are 1 to 1"),
        ("/runCase?case=x&agent=a", "case 'x' is no number"),
        ("/runCase?agent=a", "it names no case"),
        ("/runCase?case=1", "it names no agent"),
        ("/runCase?casetuple=1.1.2&agent=a", "no case of this run has the number '1.1.2'"),
    ],
)
async def test_request_that_cannot_be_fulfilled_is_refused_with_the_reason(
    start_loop: StartLoop, path: str, words: str
) -> None:
    loop = await start_loop("1.1.1")
    with pytest.raises(websockets.InvalidStatus) as error:
        await loop.told(path)
    assert error.value.response.status_code == 400
    assert words in loop.out.getvalue()
    assert words in (error.value.response.body or b"").decode()


async def test_case_that_is_kept_from_an_agent_is_not_run(start_loop: StartLoop) -> None:
    loop = await start_loop("1.1.1", **{"exclude-agent-cases": {"old*": ["1.*"]}})
    assert await loop.told("/runCase?case=1&agent=older") is None
    assert loop.results.agents == []


async def test_subprotocol_of_the_spec_file_is_agreed_on(start_loop: StartLoop) -> None:
    loop = await start_loop("1.1.1", protocols=["chat"])
    async with connect(loop.url + "/runCase?case=1&agent=a", subprotocols=["other", "chat"]) as connection:  # type: ignore[list-item]
        assert connection.subprotocol == "chat"


async def test_frames_are_sent_by_order(start_loop: StartLoop) -> None:
    loop = await start_loop("1.1.1")
    async with connect(loop.url + "/") as connection:
        await connection.send(json.dumps(["echo", {"payload": "ab", "payload_len": 5}]))
        assert await connection.recv() == "ababa"
        parts = [{"opcode": 1, "payload": "a", "fin": False}, {"opcode": 0, "payload": "b"}]
        await connection.send(json.dumps(["sendframes", parts]))
        assert await connection.recv() == "ab"
        await connection.send(json.dumps(["close", {"code": 4000, "reason": "so"}]))
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
        assert (connection.close_code, connection.close_reason) == (4000, "so")


async def test_what_is_no_order_ends_the_connection(start_loop: StartLoop) -> None:
    loop = await start_loop("1.1.1")
    async with connect(loop.url + "/") as connection:
        await connection.send("what?")
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 1008


async def test_browser_gets_the_page(start_loop: StartLoop) -> None:
    loop = await start_loop("1.1.1")
    address = f"http://127.0.0.1:{loop.server.port}/"
    with await asyncio.to_thread(urllib.request.urlopen, address) as answer:
        page = answer.read().decode()
    assert f":{loop.server.port}" in page
    assert "getCaseCount" in page


async def test_what_a_client_sends_is_text_on_the_page_and_nothing_else(start_loop: StartLoop) -> None:
    loop = await start_loop("1.1.2")

    async def sends_markup(connection: ClientConnection) -> None:
        async for _ in connection:
            await connection.send("<script>alert(1)</script>\x1b[31m")

    await loop.run("1.1.2", sends_markup, agent="<b>x</b>")
    await loop.told("/updateReports?agent=x")
    for page in (loop.outdir / "index.html", loop.outdir / "b_x__b_case_1_1_2.html"):
        content = page.read_text(encoding="utf-8")
        assert "<script>alert" not in content
        assert "<b>x" not in content
        assert "\x1b" not in content
