"""The catalogue of faulty servers is in order, and the correct server that they differ from serves."""

from __future__ import annotations

import inspect
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from verification.faulty_servers.catalogue import CATALOGUE
from verification.faulty_servers.correct import EchoServer
from verification.faulty_servers.registry import fault

PROJECT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-u", "-m", "verification.faulty_servers"]


def test_catalogue_has_at_least_600_faults() -> None:
    assert len(CATALOGUE) >= 600


def test_every_fault_names_the_rule_that_it_breaks() -> None:
    rule = re.compile(r"RFC (6455|7692) §\d+(\.\d+)*|contract")
    assert not [entry.name for entry in CATALOGUE.values() if not rule.fullmatch(entry.rule)]


def test_every_fault_says_in_one_sentence_what_is_wrong() -> None:
    sentence = re.compile(r"\S[^\n]*\.")
    assert not [entry.name for entry in CATALOGUE.values() if not sentence.fullmatch(entry.summary)]


def test_every_fault_is_small() -> None:
    long = [
        name for name, entry in CATALOGUE.items() if len(inspect.getsource(entry.breaker).splitlines()) > 50
    ]
    assert not long, "a fault of so many lines breaks more than one rule, or is two"


def test_two_faults_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two faults"):
        fault("contract", caught_by="test_any")(next(iter(CATALOGUE.values())).breaker)


async def test_every_faulty_server_starts_and_stops() -> None:
    for entry in CATALOGUE.values():
        async with entry.server().serve() as server:
            assert server.sockets, f"{entry.name} does not listen"


async def test_correct_server_keeps_the_contract_and_goes_away_with_1001() -> None:
    async with EchoServer().serve() as server:
        port = server.sockets[0].getsockname()[1]
        client = await connect(f"ws://127.0.0.1:{port}", proxy=None)
        await client.send("Привет, сервер!")
        assert await client.recv() == "Сервер получил: Привет, сервер!"
        await client.send(b"\x00\xff")
        assert await client.recv() == "Сервер получил: ".encode() + b"\x00\xff"
    await client.wait_closed()
    assert client.close_code == 1001


def test_list_prints_every_fault_with_its_rule() -> None:
    done = subprocess.run([*COMMAND, "--list"], cwd=PROJECT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(CATALOGUE)
    assert all(entry.rule in line for entry, line in zip(CATALOGUE.values(), lines, strict=True))


def test_server_started_by_hand_tells_its_url_and_stops_at_sigterm() -> None:
    command = [*COMMAND, "accepts-unmasked-frames", "--port", "0"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert re.fullmatch(r"ws://127\.0\.0\.1:\d+\n", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_unknown_name_is_one_line_and_exit_status_1() -> None:
    done = subprocess.run([*COMMAND, "no-such"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "there is no fault called no-such; --list names them"
