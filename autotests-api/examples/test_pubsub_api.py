"""Tests of the publish/subscribe API: login, subscriptions, events in any order."""

from examples.conftest import LogIn, OpenClient
from examples.pubsub_api import UNAUTHORISED
from pytest_websocket import json_with


async def test_known_user_is_welcomed(open_client: OpenClient) -> None:
    client = await open_client("anna")
    await client.send_json({"type": "login", "user": "anna", "password": "correct horse"})
    await client.expect({"type": "welcome", "user": "anna"})


async def test_wrong_password_ends_the_connection(open_client: OpenClient) -> None:
    client = await open_client("anna")
    await client.send_json({"type": "login", "user": "anna", "password": "guess"})
    await client.expect({"type": "error", "reason": "wrong password"})
    await client.expect_closed(UNAUTHORISED, "wrong password")


async def test_client_cannot_subscribe_before_login(open_client: OpenClient) -> None:
    client = await open_client("unknown")
    await client.send_json({"type": "subscribe", "topic": "sport"})
    await client.expect(json_with(type="error", reason="log in first"))


async def test_subscriber_gets_what_another_user_publishes(log_in: LogIn) -> None:
    anna, boris = await log_in("anna"), await log_in("boris")
    await anna.send_json({"type": "subscribe", "topic": "sport"})
    await anna.expect({"type": "subscribed", "topic": "sport"})
    await boris.send_json({"type": "publish", "topic": "sport", "text": "1:0"})
    await anna.expect(json_with(type="event", topic="sport", text="1:0"))


async def test_publisher_gets_acknowledgement_and_event_in_any_order(log_in: LogIn) -> None:
    anna = await log_in("anna")
    await anna.send_json({"type": "subscribe", "topic": "chess"})
    await anna.expect({"type": "subscribed", "topic": "chess"})
    for text in ("e4", "e5"):
        await anna.send_json({"type": "publish", "topic": "chess", "text": text})
        # Messages that wait_for passes over are kept, and the second wait looks there first.
        await anna.wait_for(json_with(type="published"))
        await anna.wait_for(json_with(type="event", text=text))


async def test_subscriber_gets_nothing_of_other_topics(log_in: LogIn) -> None:
    anna, boris = await log_in("anna"), await log_in("boris")
    await anna.send_json({"type": "subscribe", "topic": "weather"})
    await anna.expect({"type": "subscribed", "topic": "weather"})
    await boris.send_json({"type": "publish", "topic": "politics", "text": "elections"})
    await boris.expect(json_with(type="published"))
    # Silence is shown by the next expected message, not by waiting.
    await anna.expect_silence(
        '{"type": "subscribe", "topic": "rain"}', json_with(type="subscribed", topic="rain")
    )
