"""The list of known failures: what it excuses, how it shrinks, what it refuses."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.plugin.known_failures import Case, Entry, read_known_failures, write_known_failures
from verification.conftest import Serve

MASKING = "autotests-api/tests/conformance/rfc6455/test_05_1_masking.py"
BINARY = "autotests-api/tests/contract/test_binary.py::test_bytes_come_back_as_bytes"
SELECTION = (
    "contract/test_binary.py::test_bytes_come_back_as_bytes",
    "contract/test_order.py::test_server_sends_nothing_before_the_first_message",
)


@pytest.fixture
def url(serve: Serve) -> str:
    """Returns a server that loses bytes behind a NUL: some binary cases fail, and no others."""

    async def stops_at_nul(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message.partition(b"\0")[0] if isinstance(message, bytes) else message)

    return serve(stops_at_nul)


@pytest.fixture
def run_against(run_suite: Any, url: str) -> Any:
    def run(*arguments: str) -> Any:
        return run_suite("--ws-url", url, "--ws-reply", "{message}", *SELECTION, *arguments)

    return run


def listed(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "key, matches",
    [
        ("a/test_x.py::test_y[1]", True),
        ("a/test_x.py::test_y", True),
        ("a/test_x.py", True),
        ("a", True),
        ("RFC 6455 §5.1", True),
        ("RFC 6455 §5", True),
        ("a/test_x.py::test_y[1", False),
        ("a/test_x.py::test", False),
        ("a/test_x", False),
        ("RFC 6455 §5.1.1", False),
        ("RFC 6455 §5.10", False),
        ("RFC 7692 §5.1", False),
    ],
)
def test_key_speaks_of_whole_names_and_sections(key: str, matches: bool) -> None:
    assert Entry(key, "why").matches(Case("a/test_x.py::test_y[1]", "6455 5.1")) is matches


@pytest.mark.parametrize("begin", ["autotests-api/tests/", ""])
@pytest.mark.parametrize("prefix", ["autotests-api/tests/", ""], ids=["checkout", "command"])
def test_key_is_the_same_for_the_command_and_a_checkout(begin: str, prefix: str) -> None:
    key = f"{begin}contract/test_x.py::test_y"
    assert Entry(key, "why").matches(Case(f"{prefix}contract/test_x.py::test_y[1]"))
    assert not Entry(key, "why").matches(Case(f"{prefix}contract/test_x.py::test_z"))


def test_list_that_was_written_is_read_alike(tmp_path: Path) -> None:
    entries = [
        Entry('a.py::test_x["\\\\"-\\x00]', "plain"),
        Entry("b.py::test_y[ключ]", 'quotes " and \\ and \x1b \x7f \n tab\t'),
        Entry("RFC 6455 §5.1", "x"),
    ]
    path = tmp_path / "known.toml"
    write_known_failures(path, entries)
    assert read_known_failures(path) == entries
    assert list(tmp_path.iterdir()) == [path]


def test_lone_surrogate_does_not_spoil_the_list(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    write_known_failures(path, [Entry("a.py", "text \ud800")])
    assert read_known_failures(path) == [Entry("a.py", "text \ufffd")]


@pytest.mark.parametrize(
    "text, words",
    [
        ('"a.py" = ""', "has no reason"),
        ('"a.py" = 5', "has no reason"),
        ('"a.py"', "Expected '='"),
        ('"a.py" = "x"\n"a.py" = "y"', "Cannot overwrite"),
        ('"RFC6455 5.1" = "x"', "RFC 6455 §5.5.1"),
    ],
)
def test_line_that_cannot_be_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(pytest.UsageError, match=words) as refusal:
        read_known_failures(path)
    assert str(refusal.value).startswith("known.toml")


def test_list_of_a_run_makes_the_next_run_green(run_against: Any, tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    first = run_against(f"--ws-write-known-failures={known}")
    assert first.status == 1
    written = tomllib.loads(known.read_text(encoding="utf-8"))
    assert len(written) == first.counts["failed"] > 1
    assert all(key.startswith(BINARY.removeprefix("autotests-api/tests/")) for key in written)
    assert all(reason.strip() for reason in written.values())
    second = run_against(f"--ws-known-failures={known}", f"--ws-write-known-failures={known}")
    assert second.status == 0, second.output[-2000:]
    assert f"{len(written)} xfailed" in second.output
    assert tomllib.loads(known.read_text(encoding="utf-8")) == written
    parallel = run_against("-n", "2", f"--ws-known-failures={known}")
    assert parallel.status == 0, parallel.output[-2000:]


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_listed_case_that_passes_is_reported(run_against: Any, tmp_path: Path, workers: list[str]) -> None:
    passing = "autotests-api/tests/contract/test_order.py::test_server_sends_nothing_before_the_first_message"
    text = f'"{BINARY}" = "ticket 7"\n"{passing}" = "ticket 8"\n'
    run = run_against(*workers, "--ws-known-failures", listed(tmp_path / "known.toml", text))
    assert run.status == 1
    assert "known failures that pass: take them off the list" in run.output
    assert f"{passing}  (ticket 8)" in run.output
    assert "(ticket 7)" not in run.output.split("take them off the list")[1]
    assert run.counts["failed"] == 0


def test_reason_stands_beside_the_excused_failure(run_against: Any, tmp_path: Path) -> None:
    known = listed(tmp_path / "known.toml", f'"{BINARY}" = "ticket 7"\n')
    run = run_against("-rx", "--ws-known-failures", known)
    assert run.status == 0
    assert "known failure: ticket 7" in run.output


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_entry_that_matches_nothing_is_an_error(run_against: Any, tmp_path: Path, workers: list[str]) -> None:
    text = f'"{BINARY}" = "ticket 7"\n"{BINARY}[no such]" = "ticket 9"\n'
    run = run_against(*workers, "--ws-known-failures", listed(tmp_path / "known.toml", text))
    assert run.status == 4
    assert f"known failures that match no case: {BINARY}[no such]" in run.output


def test_entry_beyond_the_run_is_not_judged(run_against: Any, tmp_path: Path) -> None:
    text = f'"{BINARY}" = "ticket 7"\n"{MASKING}::test_of_next_year" = "t"\n"RFC 6455 §5.1" = "t"\n'
    assert run_against("--ws-known-failures", listed(tmp_path / "known.toml", text)).status == 0
