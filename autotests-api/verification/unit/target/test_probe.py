"""The probe: what it finds in correct servers, what it says of unusable ones, and that no fault stops it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.protocol.frames import BINARY, CLOSE, CONTINUATION, TEXT, Frame, close, ping
from pytest_websocket.server import echo as websocket_server
from pytest_websocket.server.background import run_in_background
from pytest_websocket.target.description import describe
from pytest_websocket.target.dial import Unusable
from pytest_websocket.target.probe import probe
from pytest_websocket.target.target import Target
from verification import hostile_servers
from verification.unit.target.probing import Handler, Serve, found, plain_echo

# Correct servers


def test_embedded_server_is_described_as_it_is() -> None:
    with run_in_background(websocket_server.serve) as server:
        target = Target(server.url, embedded=True)
        abilities = probe(target)
    assert abilities.as_expected
    assert abilities.text
    assert abilities.binary
    assert abilities.deflate_answer.startswith("permessage-deflate")
    assert abilities.max_message == 1 << 20
    assert abilities.notes == ()
    facts = describe(target, abilities)
    assert facts["text"] == "answered 'Сервер получил: {message}'"
    assert facts["binary"] == "answered in the same way"
    assert facts["largest message"] == "1048576 bytes"


def test_missing_compression_is_found(serve: Serve) -> None:
    assert not found(serve(plain_echo, compression=None)).deflate


def test_accepted_subprotocols_are_found(serve: Serve) -> None:
    url = serve(plain_echo, subprotocols=["b", "c"])
    assert found(url, subprotocols=("a", "b", "c")).subprotocols == ("b", "c")


def test_limit_with_1009_is_found_and_respected(serve: Serve) -> None:
    abilities = found(serve(plain_echo, max_size=5000))
    assert abilities.max_message == 4096
    assert abilities.notes == ()


def test_given_limit_is_not_tried(serve: Serve) -> None:
    assert found(serve(plain_echo, max_size=5000), max_message=100).max_message == 100


def test_text_only_server_that_closes_with_1003_lacks_binary(serve: Serve) -> None:
    async def text_only(connection: ServerConnection) -> None:
        async for message in connection:
            if isinstance(message, bytes):
                await connection.close(1003)
            else:
                await connection.send(message)

    abilities = found(serve(text_only))
    assert abilities.text
    assert not abilities.binary
    assert "1003" in abilities.notes[0]


def test_text_only_server_that_ignores_binary_lacks_binary(serve: Serve) -> None:
    async def text_only(connection: ServerConnection) -> None:
        async for message in connection:
            if isinstance(message, str):
                await connection.send(message)

    assert not found(serve(text_only)).binary
    assert found(serve(text_only), binary_promised=True).binary


def test_answer_to_binary_that_text_overtakes_is_no_missing_ability(serve: Serve) -> None:
    async def binary_late(connection: ServerConnection) -> None:
        held: list[bytes] = []
        async for message in connection:
            if isinstance(message, bytes):
                held.append(message)
                continue
            await connection.send(message)
            for late in held:
                await connection.send(late)
            held.clear()

    abilities = found(serve(binary_late))
    assert abilities.binary
    assert abilities.notes == ("the answer to binary came behind the answer to text that was sent later",)


def test_server_without_echo_is_not_asked_for_one(serve: Serve) -> None:
    async def listens(connection: ServerConnection) -> None:
        async for message in connection:
            pytest.fail(f"the probe said {message!r}")

    abilities = found(serve(listens), echo=False)
    assert abilities.notes == ()
    assert abilities.max_message == 1 << 20


def test_greetings_are_told_from_the_answer(serve: Serve) -> None:
    async def greets(connection: ServerConnection) -> None:
        await connection.send("Welcome!")
        await connection.send("It is a fine day.")
        await plain_echo(connection)

    url = serve(greets)
    abilities = found(url)
    assert abilities.as_expected
    assert abilities.ignore == ("Welcome!", "It is a fine day.")
    assert "the first “Welcome!”" in abilities.notes[0]
    told = found(url, greetings=2, greetings_given=True)
    assert told.as_expected
    assert told.notes == ()


def test_keepalive_pings_and_fragments_are_no_hindrance(
    meet: Callable[[hostile_servers.Behaviour], str],
) -> None:
    async def chatty(peer: hostile_servers.Peer) -> None:
        await peer.accept()
        await peer.send(ping(b"first"))
        async for frame in peer.frames():
            if frame.opcode == CLOSE:
                await peer.send(frame)
            elif frame.opcode in (TEXT, BINARY):
                half = len(frame.payload) // 2
                await peer.send(Frame(frame.opcode, frame.payload[:half], fin=False))
                await peer.send(ping(b"between"))
                await peer.send(Frame(CONTINUATION, frame.payload[half:]))

    abilities = found(meet(chatty))
    assert abilities.as_expected
    assert abilities.notes == ()
    assert abilities.max_message == 1 << 20


def test_server_of_the_lesson_fits_its_options(serve: Serve) -> None:
    async def lesson(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(f"Сервер получил: {message!s}")

    url = serve(lesson)
    told = found(url, reply="Сервер получил: {message}")
    assert told.as_expected
    assert "--ws-binary 'text:Сервер получил: {message}'" in told.notes[0]
    fitting = found(url, reply="Сервер получил: {message}", binary="text:Сервер получил: {message}")
    assert fitting.notes == ()


def test_bytes_alone_behind_a_text_prefix_are_recognised(serve: Serve) -> None:
    async def prefixes_text(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message if isinstance(message, bytes) else "Echo: " + message)

    assert "--ws-binary plain" in found(serve(prefixes_text), reply="Echo: {message}").notes[0]


# Another template than the one that was asked about


@pytest.mark.parametrize(
    "template, expected",
    [
        ("{message}", "Сервер получил: {message}"),
        ("Сервер получил: {message}", "{message}"),
        ("You said: {message}", "Сервер получил: {message}"),
        ('{"echo": "{message}"}', "{message}"),
    ],
)
def test_plainly_other_template_is_named_with_the_option_that_fits(
    serve: Serve, template: str, expected: str
) -> None:
    async def other(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(template.replace("{message}", str(message)))

    with pytest.raises(Unusable) as refusal:
        found(serve(other), reply=expected)
    assert f"--ws-reply '{template}'" in str(refusal.value)


def test_probe_hears_what_has_not_the_form_of_an_answer(serve: Serve) -> None:
    async def greets(connection: ServerConnection) -> None:
        await connection.send(json.dumps({"type": "hello", "at": time.time()}))
        async for message in connection:
            await connection.send(json.dumps({"said": json.loads(message)["say"]}))

    abilities = found(serve(greets), request='{"say": {message}}', reply='{"said": {message}}')
    assert abilities.as_expected
    assert abilities.ignore == ('{"type": "hello"}',)


# Faults that cases shall find: the probe goes on, and takes no ability away


async def appends_a_space(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message + b" " if isinstance(message, bytes) else message + " ")


async def loses_a_letter(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message[1:])


async def shouts(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message.upper())


async def answers_twice(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)
        await connection.send(message)


async def answers_the_second_wrongly(connection: ServerConnection) -> None:
    await connection.send(await connection.recv())
    async for _ in connection:
        await connection.send("something else")


async def never_echoes(connection: ServerConnection) -> None:
    async for _ in connection:
        pass


async def crashes(connection: ServerConnection) -> None:
    await connection.recv()
    await connection.close(1011)


async def answers_text_in_binary(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message.encode() if isinstance(message, str) else message)


async def answers_binary_wrongly(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message[::-1] if isinstance(message, bytes) else message)


async def crashes_on_binary(connection: ServerConnection) -> None:
    async for message in connection:
        if isinstance(message, bytes):
            await connection.close(1011)
        else:
            await connection.send(message)


async def truncates_long_messages(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message[:1000])


@pytest.mark.parametrize(
    "fault",
    [
        appends_a_space,
        loses_a_letter,
        shouts,
        answers_twice,
        answers_the_second_wrongly,
        never_echoes,
        crashes,
        answers_text_in_binary,
        answers_binary_wrongly,
        crashes_on_binary,
        truncates_long_messages,
    ],
)
def test_fault_neither_stops_the_probe_nor_hides_a_case(serve: Serve, fault: Handler) -> None:
    abilities = found(serve(fault))
    assert abilities.text
    assert abilities.binary
    assert abilities.deflate
    assert abilities.max_message == 1 << 20


@pytest.mark.parametrize("fault", [answers_binary_wrongly, crashes_on_binary])
def test_description_says_where_binary_is_not_answered_as_expected(serve: Serve, fault: Handler) -> None:
    url = serve(fault)
    assert describe(Target(url, reply="{message}"), found(url))["binary"] == "not as expected"


@pytest.mark.parametrize(
    "template", ["Сервер получил:{message}", "сервер  получил: {message} ", "Сервер полчил: {message}"]
)
def test_misspelt_template_is_a_fault_and_no_other_template(serve: Serve, template: str) -> None:
    async def misspells(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(template.replace("{message}", str(message)))

    abilities = found(serve(misspells), reply="Сервер получил: {message}")
    assert not abilities.as_expected
    assert "expected" in abilities.notes[0]


def test_limit_without_a_code_is_believed_only_where_it_is_large(
    meet: Callable[[hostile_servers.Behaviour], str],
) -> None:
    def drops_above(limit: int) -> hostile_servers.Behaviour:
        async def behave(peer: hostile_servers.Peer) -> None:
            await peer.accept()
            async for frame in peer.frames():
                if len(frame.payload) > limit:
                    peer.reset()
                    return
                await peer.send(frame)

        return behave

    assert found(meet(drops_above(300_000))).max_message == 1 << 18
    small = found(meet(drops_above(125)))
    assert small.max_message == 1 << 20
    assert "--ws-max-message" in small.notes[-1]


def test_wrong_accept_key_is_noted_and_left_to_the_cases(
    meet: Callable[[hostile_servers.Behaviour], str],
) -> None:
    async def miscalculates(peer: hostile_servers.Peer) -> None:
        await peer.read_request()
        peer.writer.write(hostile_servers.acceptance("another key"))
        async for frame in peer.frames():
            await peer.send(frame)

    abilities = found(meet(miscalculates))
    assert abilities.as_expected
    assert "Sec-WebSocket-Accept" in abilities.notes[0]


def test_handshake_that_fails_when_compression_is_offered_is_left_to_the_cases(
    meet: Callable[[hostile_servers.Behaviour], str],
) -> None:
    async def allergic(peer: hostile_servers.Peer) -> None:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        if b"permessage-deflate" in head:
            return
        key = next(line for line in head.decode().split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        peer.writer.write(hostile_servers.acceptance(key.partition(": ")[2]))
        async for frame in peer.frames():
            await peer.send(close() if frame.opcode == CLOSE else frame)

    abilities = found(meet(allergic))
    assert abilities.deflate
    assert "permessage-deflate fails" in abilities.notes[-1]
