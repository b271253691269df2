"""Tests of every kind, many broken on purpose: the tests beside this file run them and read the report."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import allure
import pytest

from pytest_websocket.allure.steps import step
from pytest_websocket.plugin.marks import rfc6455
from pytest_websocket.protocol.frames import ping, text
from pytest_websocket.protocol.rules import MAY, MUST, SHOULD

MARKUP = "<script>window.pwned = true</script><img src=x onerror='window.pwned = true'>"


@step("Greet {who}, who is {mood}")
async def greet(client, who, mood="well"):
    await inner_step()
    return await client.ask(f"hello {who}")


@step
async def inner_step():
    for _ in range(3):
        await asyncio.sleep(0)


@step('braces stay: {"a": 1} {nobody}')
async def braces_in_a_title():
    return 1


@step("a step that breaks")
async def breaking_step():
    await inner_step()
    raise LookupError("broken on purpose")


async def test_steps_of_concurrent_tasks_nest_apart(connect):
    clients = {name: await connect(name=name) for name in ("alice", "bob", "carol")}
    with allure.step("everybody at once"):
        await asyncio.gather(*(greet(client, name) for name, client in clients.items()))


async def test_step_ends_with_its_coroutine():
    await braces_in_a_title()
    with pytest.raises(LookupError):
        await breaking_step()


def test_step_in_a_thread_belongs_to_the_running_test():
    thread = threading.Thread(target=step("in a thread")(lambda: None))
    thread.start()
    thread.join()


async def test_markup_is_echoed(client):
    await client.ask(MARKUP)


async def test_markup_is_in_the_failure(client):
    await client.send(MARKUP)
    await client.expect("something else")


async def test_secret_is_in_the_failure(client, target):
    value = dict(target.headers)["Authorization"]
    await client.ask(value)
    sys.stdout.write(f"the header is {value}")
    raise AssertionError(f"the header is {value}")


async def test_secret_is_compared(client, target):
    value = dict(target.headers)["Authorization"]
    await client.ask("x" * 3990 + value)
    assert {"Authorization": f"{value * 3}, and so on"} == {"Authorization": "Bearer another"}


def test_secret_is_cut_by_the_runner(target):
    value = dict(target.headers)["Authorization"]
    assert f"{'.' * 60}{value}" == f"{'.' * 60}Bearer another"


@pytest.mark.parametrize(
    "value",
    ["\ud800", "\x1b[31mred\x00", b"\xff" * 5000, lambda: None, object(), "x" * 100_000],
    ids=["lone surrogate", "escape", "bytes", "function", "object", "long"],
)
def test_odd_values_are_parameters(value, target):
    assert value


def test_odd_characters_are_in_the_failure():
    raise AssertionError("lone \ud800, escape \x1b[2J, bell \x07, NUL \x00")


def test_odd_characters_are_printed():
    sys.stdout.write("bell \x07 and escape \x1b[31m")
    raise AssertionError("look at stdout")


def test_sides_of_a_comparison_are_shown():
    assert ["one", "two"] == ["one", "three"]


async def test_nothing_is_compared_before_the_reply(client):
    await client.send("one")
    await client.expect("Сервер получил: two")


@rfc6455("5.5.2", MUST, "a rule that is kept", autobahn="2.2")
async def test_must_is_kept(raw):
    await raw.send(ping(b"are you there?"))
    await raw.send(text("marker"))
    await raw.message()


@rfc6455("5.5.2", MUST, "a rule that is broken", autobahn=["2.3", "2.2"])
async def test_must_is_broken(raw):
    await raw.send(text("x"))
    assert (await raw.message()).text == "not that"


@rfc6455("5.2", SHOULD, "advice that is not followed", autobahn="3.1")
def test_should_is_broken():
    raise AssertionError("not followed")


@rfc6455("5.5.3", MAY, "a liberty that is taken")
def test_may_is_observed(record_property):
    record_property("the server", "takes it")


@rfc6455("7.1.1", MUST, "a rule that cannot be checked", autobahn="7.1.1")
def test_must_is_skipped():
    pytest.skip("the target does not offer it")


@pytest.fixture
def broken_tool():
    raise RuntimeError("a fixture broke")


def test_tool_is_broken(broken_tool):
    raise AssertionError("never reached")


def test_process_dies():
    os._exit(3)


async def test_crowd_is_bounded(connect):
    for number in range(40):
        client = await connect(name=f"user {number}")
        for _ in range(20):
            await client.ask("y" * 4000)
