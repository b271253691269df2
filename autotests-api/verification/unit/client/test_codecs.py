"""A codec decodes messages for expectations, differences, failures and reports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from websockets.asyncio.server import ServerConnection

from pytest_websocket.client import ExpectationFailed, JsonCodec, MessagePackCodec, ProtobufCodec, json_with
from pytest_websocket.client.codecs import Codec
from pytest_websocket.render import har, plain_transcript, transcript
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.target.secrets import Secrets
from verification.unit.client.handlers import BRIEF, Handler, lines_of, says


def price_messages() -> tuple[Any, Any]:
    """Classes as protoc makes them: Ask {symbol}, Price {type, price, symbol}."""
    file = descriptor_pb2.FileDescriptorProto(name="prices.proto", package="prices", syntax="proto3")
    kinds = {"string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING, "int": 5}
    for name, fields in {
        "Ask": {"symbol": "string"},
        "Price": {"type": "string", "price": "int", "symbol": "string"},
    }.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), 1):
            message.field.add(name=field, number=number, type=kinds[kind], label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    ask, price = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"prices.{name}"))
        for name in ("Ask", "Price")
    )
    return ask, price


ASK, PRICE = price_messages()


class Reversed:
    """A codec of one's own: JSON written backwards."""

    def encode(self, value: Any) -> str:
        return json.dumps(value)[::-1]

    def decode(self, message: Any) -> Any:
        return json.loads(message[::-1])


def quotes(codec: Codec, *, make: Any = dict) -> Handler:
    """Returns a server that answers a request for a symbol with two ticks and its price."""
    reads = getattr(codec, "decode_sent", codec.decode)

    async def handler(connection: ServerConnection) -> None:
        async for message in connection:
            asked = reads(message)
            symbol = asked["symbol"] if isinstance(asked, dict) else asked.symbol
            for kind, price in (("tick", 1), ("tick", 2), ("price", 42)):
                await connection.send(codec.encode(make(type=kind, price=price, symbol=symbol)))

    return handler


CODECS = pytest.mark.parametrize(
    ("codec", "asks", "makes"),
    [
        (JsonCodec(), dict, dict),
        (MessagePackCodec(), dict, dict),
        (ProtobufCodec(PRICE, ASK), ASK, PRICE),
        (Reversed(), dict, dict),
    ],
    ids=["json", "msgpack", "protobuf", "own"],
)


@CODECS
async def test_values_are_sent_expected_and_returned(peer: Any, codec: Any, asks: Any, makes: Any) -> None:
    client = await peer(quotes(codec, make=makes), codec=codec)
    await client.send(asks(symbol="ACME"))
    assert await client.receive() == makes(type="tick", price=1, symbol="ACME")
    price = await client.wait_for(json_with(type="price", price=42))
    assert price == makes(type="price", price=42, symbol="ACME")
    assert list(client.skipped) == [makes(type="tick", price=2, symbol="ACME")]
    assert await client.ask(asks(symbol="X")) == makes(type="tick", price=1, symbol="X")
    assert await client.collect(until=json_with(type="price")) == [
        makes(type="tick", price=2, symbol="X"),
        makes(type="price", price=42, symbol="X"),
    ]


@CODECS
async def test_failure_shows_decoded_values_and_where_they_differ(
    peer: Any, codec: Any, asks: Any, makes: Any
) -> None:
    client = await peer(quotes(codec, make=makes), codec=codec)
    await client.send(asks(symbol="ACME"))
    with pytest.raises(ExpectationFailed) as failure:
        await client.wait_for(json_with(type="price", price=43), deadline=BRIEF)
    lines = lines_of(failure)
    assert "decoded: " in lines[2]
    assert "42" in lines[2]
    assert lines[3] == "because:  $.price: expected “43”, got “42”"
    received = [line for line in lines if "  received  " in line]
    assert len(received) == 3
    assert all("decoded: " in line and "ACME" in line for line in received)


async def test_condition_and_ignored_messages_are_about_decoded_values(peer: Any) -> None:
    codec = MessagePackCodec()
    client = await peer(quotes(codec), codec=codec, ignore=json_with(type="tick"))
    await client.send({"symbol": "ACME"})
    assert (await client.expect(lambda value: value["price"] == 42))["type"] == "price"
    assert "2 ignored messages" in client.recording.tail()


async def test_text_and_bytes_are_sent_and_compared_as_they_are(peer: Any) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    client = await peer(echo, codec=MessagePackCodec())
    for message in ("text", b"\xc1"):
        await client.send(message)
        assert await client.expect(message) == message


async def test_message_that_cannot_be_decoded_is_told(peer: Any) -> None:
    client = await peer(says(b"\xc1", "text", b"\xc1"), codec=MessagePackCodec())
    with pytest.raises(ExpectationFailed, match="the codec cannot decode the next message"):
        await client.receive()
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect({"a": 1})
    assert "because:  the codec cannot decode it: TypeError('it is a text message, and" in str(failure.value)


async def test_reports_show_decoded_values(peer: Any) -> None:
    codec = MessagePackCodec()
    client = await peer(quotes(codec), codec=codec)
    await client.send({"symbol": "ACME"})
    await client.wait_for(json_with(type="price"))
    conversation = Conversation.of(client.recording, Secrets())
    assert '{"symbol": "ACME"}' in plain_transcript.text([conversation])
    assert "price" in transcript.page([conversation])
    messages = json.loads(har.archive([conversation]))["log"]["entries"][0]["_webSocketMessages"]
    assert json.loads(messages[-1]["data"]) == {"type": "price", "price": 42, "symbol": "ACME"}


def test_codec_without_its_package_says_which_one_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "msgpack", None)
    with pytest.raises(ImportError, match="needs the package msgpack: pip install msgpack"):
        MessagePackCodec()
