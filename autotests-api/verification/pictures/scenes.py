"""Tests whose report is photographed; the second fails."""

from __future__ import annotations

import asyncio
from typing import Any

from pytest_websocket.allure.steps import step


@step("{name} subscribes to {channel}")
async def subscribe(name: str, user: Any, channel: str) -> None:
    """Sends a subscription and waits for its answer."""
    await user.send_json({"subscribe": channel, "depth": 20})
    await user.receive()


async def test_three_users_subscribe_at_once(connect: Any) -> None:
    users = {name: await connect(name=name) for name in ("alice", "bob", "carol")}
    await asyncio.gather(*map(subscribe, users, users.values(), ("trades", "news", "<script>")))
    for name, user in users.items():
        await user.ask(f"from {name}")


async def test_order_is_kept_in_a_burst(client: Any) -> None:
    await client.ask("Привет, сервер!")
    await client.ask(b"\x00\x01\xfe\xff")
    await client.send("one")
    await client.send("two")
    await client.expect("Сервер получил: two")
