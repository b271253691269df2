"""No case is red on a correct API, and as many run as its profile allows."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from verification.conftest import RunSuite
from verification.correct_apis.catalogue import APIS
from verification.correct_apis.documented import DOCUMENTED, KEY, TOKEN

ROOT = Path(__file__).parents[3]
KNOWN = ROOT / "autotests-api" / "verification" / "thirdparty" / "websockets.toml"
LOADS = ROOT / "autotests-api" / "tests" / "load"

HANDSHAKE = "contract/test_handshake.py"
MASKING = "conformance/rfc6455/test_05_1_masking.py"
NEGOTIATION = "conformance/rfc7692/test_05_negotiation.py"

# Of cases that differ in a length or a place alone, the whole suite (`make apis`) has them all.
SELECTION = (
    *("-k", "not long_frame and not any_length and not wherever_it_stands"),
    "conformance/rfc6455/test_04_2_2_answering_the_handshake.py",
    MASKING,
    NEGOTIATION,
    HANDSHAKE,
)
"""Handshakes of all kinds, violations of all kinds, good messages, compression."""

SLOW = ("slow_handshake", "answers_in_any_order")

FEW = (
    "conformance/rfc6455/test_04_2_2_answering_the_handshake.py::test_accept_value_is_made_of_the_key",
    "conformance/rfc6455/test_05_4_fragmentation.py::test_two_fragments_make_one_message",
)
"""Cases enough for a server that takes its time."""

PAGE = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")


@pytest.fixture
def run_suite(run_suite: RunSuite) -> RunSuite:
    """Runs pytest with the whole probe: several of the servers send something each second."""
    return partial(run_suite, short_probe=False)


def written(tmp_path: Path, profile: str) -> str:
    path = tmp_path / "api.toml"
    path.write_text(profile, encoding="utf-8")
    return str(path)


def expect_green(run: Any) -> None:
    assert run.status == 0, run.output[-3000:]
    assert not run.counts["failed"] + run.counts["error"], run.output[-3000:]


@pytest.mark.parametrize("name", APIS)
def test_no_case_is_red_on_a_correct_api(name: str, run_suite: Any, serve: Any, tmp_path: Path) -> None:
    api = APIS[name]
    profile = written(tmp_path, api.profile)
    url = serve(api.handler, **api.settings) + api.resource
    files = FEW if name in SLOW else SELECTION
    run = run_suite("--ws-url", url, "--ws-profile", profile, "--ws-timeout", "3", *files, limit=300)
    expect_green(run)
    assert run.counts["passed"] > (80 if files is SELECTION else 10)


@pytest.mark.thirdparty
@pytest.mark.parametrize("name", APIS)
def test_no_case_of_the_whole_suite_is_red_on_a_correct_api(
    name: str, run_suite: Any, serve: Any, tmp_path: Path
) -> None:
    api = APIS[name]
    profile = written(tmp_path, api.profile)
    url = serve(api.handler, **api.settings) + api.resource
    folders = SELECTION if name in SLOW else ("contract", "conformance", "resilience", "security")
    known = ("--ws-known-failures", str(KNOWN))
    expect_green(run_suite("-n", "2", "--ws-url", url, "--ws-profile", profile, *known, *folders, limit=1800))


@pytest.mark.parametrize("name", ["greets", "pushes_ten_times_a_second", "greets_three_times"])
def test_no_case_is_red_without_a_profile_either(name: str, run_suite: Any, serve: Any) -> None:
    run = run_suite("--ws-url", serve(APIS[name].handler), "--ws-no-echo", "--ws-timeout", "3", *SELECTION)
    expect_green(run)
    assert run.counts["passed"] > 60
    assert "skipped that need to know what is answered: --ws-request and --ws-reply" in run.output


def test_greeting_that_is_counted_may_be_compressed(run_suite: Any, serve: Any) -> None:
    options = ("--ws-reply", "{message}", "--ws-greetings", "1")
    expect_green(run_suite("--ws-url", serve(APIS["greets"].handler), *options, NEGOTIATION))


def test_login_first_api_runs_as_many_cases_as_an_echo_server(
    run_suite: Any, serve: Any, tmp_path: Path
) -> None:
    files = (*SELECTION, "conformance/rfc6455/test_04_2_1_reading_the_handshake.py")
    counts = []
    for name in ("login_first", "greets"):
        profile = written(tmp_path, APIS[name].profile)
        run = run_suite("--ws-url", serve(APIS[name].handler), "--ws-profile", profile, *files)
        counts.append(run.counts["skipped"])
    assert counts[0] - counts[1] <= 1


def test_api_without_a_profile_stops_the_run_with_the_line_that_helps(run_suite: Any, serve: Any) -> None:
    run = run_suite("--ws-url", serve(APIS["strict_commands"].handler), "contract")
    assert run.status == 4
    assert "does not echo" in run.output
    assert "--ws-profile api.toml" in run.output
    assert """exchange = ['{"op": "ping"}', '{"op": "pong"}']""" in run.output


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "json_rpc",
            '"id": 1, "method": "ping", "params": []',
        ),
        ("socket_io", """expect = 're:^40'"""),
        ("chat", """exchange = ['{}', '{"event": "error"}']"""),
        ("says_nothing", "no_echo = true"),
        ("numbered_envelopes", "no_echo = true"),
    ],
)
def test_proposed_profile_is_pasted_and_fits(
    name: str, line: str, run_suite: Any, serve: Any, tmp_path: Path
) -> None:
    api = APIS[name]
    url = serve(api.handler, **api.settings) + api.resource
    run = run_suite("--ws-url", url, "--ws-probe")
    assert run.status == 4
    proposal = run.output.partition("--ws-profile api.toml:\n\n")[2].partition("\n\n\n")[0]
    assert line in proposal
    run = run_suite("--ws-url", url, "--ws-profile", written(tmp_path, proposal), MASKING)
    expect_green(run)
    assert run.counts["passed"] > 20


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"subprotocols": ["v12.stomp"]}, "v12.stomp"), (APIS["graphql"].settings, "graphql-transport-ws")],
    ids=["400", "4406"],
)
def test_subprotocol_that_a_server_wants_is_named(
    settings: dict[str, Any], name: str, run_suite: Any, serve: Any
) -> None:
    run = run_suite("--ws-url", serve(APIS["graphql"].handler, **settings), "--ws-probe")
    assert run.status == 4
    assert f"It takes --ws-subprotocol {name}" in run.output


def test_reply_that_fits_no_answer_stops_the_run(run_suite: Any, serve: Any) -> None:
    options = (
        "--ws-request",
        '{"op": "say", "text": {message}}',
        "--ws-reply",
        '{"op": "say", "txt": {message}}',
    )
    run = run_suite("--ws-url", serve(APIS["json_echo"].handler), *options, "contract")
    assert run.status == 4
    assert "answers by another template than --ws-reply says" in run.output


def test_replies_in_any_order_are_no_fault(run_suite: Any, serve: Any, tmp_path: Path) -> None:
    api = APIS["answers_in_any_order"]
    files = (
        "conformance/rfc6455/test_05_4_fragmentation.py::test_messages_after_a_fragmented_one_are_whole",
        "contract/test_order.py::test_burst_is_answered_in_order[16]",
        "contract/test_order.py::test_client_that_reads_late_gets_every_reply",
        "contract/test_order.py::test_messages_in_one_segment_are_all_answered[10]",
    )
    run = run_suite(
        "--ws-url", serve(api.handler), "--ws-profile", written(tmp_path, api.profile), "-rs", *files
    )
    expect_green(run)
    assert run.counts["passed"] == 3
    assert "answers requests in any order (--ws-any-order)" in run.output
    assert "replies come in another order than the requests" in run.output


def test_graphql_is_recognised(run_suite: Any, serve: Any) -> None:
    url = serve(APIS["graphql"].handler, **APIS["graphql"].settings)
    run = run_suite("--ws-url", url, "--ws-subprotocol", "graphql-transport-ws", "--ws-probe")
    assert """exchange = ['{"type": "ping"}', '{"type": "pong"}']""" in run.output


def test_login_that_fails_stops_the_run_with_its_reason(run_suite: Any, serve: Any, tmp_path: Path) -> None:
    profile = written(
        tmp_path, APIS["login_first"].profile.replace("a-token-that-is-good", "secret-but-wrong")
    )
    run = run_suite("--ws-url", serve(APIS["login_first"].handler), "--ws-profile", profile, "contract")
    assert run.status == 4
    assert 'step 2 of the login failed: expected “{"type": "auth_ok"}”' in run.output
    assert "secret-but-wrong" not in run.output


def test_what_a_login_sends_is_shown_nowhere(run_suite: Any, serve: Any, tmp_path: Path) -> None:
    profile = written(tmp_path, APIS["login_first"].profile)
    results = tmp_path / "results"
    run = run_suite(
        "--ws-url",
        serve(APIS["login_first"].handler),
        "--ws-profile",
        profile,
        "--ws-strict",
        f"--alluredir={results}",
        "conformance/rfc6455/test_05_2_base_framing.py::test_ping_with_a_longer_length_is_refused",
    )
    assert run.counts["failed"] == 2
    assert "a-token-that-is-good" not in run.output
    written_files = [path for path in results.rglob("*") if path.is_file()]
    assert written_files
    assert not [path for path in written_files if b"a-token-that-is-good" in path.read_bytes()]


def blocks(heading: str) -> dict[str, list[str]]:
    """Returns the fenced blocks of a section of the page by their language."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found: dict[str, list[str]] = {}
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        found.setdefault(language, []).append(text)
    return found


@pytest.mark.parametrize("heading", DOCUMENTED)
def test_profile_of_the_page_fits_its_server(
    heading: str, run_suite: Any, serve: Any, tmp_path: Path
) -> None:
    handler, settings = DOCUMENTED[heading]
    for profile in blocks(heading)["toml"]:
        run = run_suite(
            *("--ws-url", serve(handler, **settings), "--ws-profile", written(tmp_path, profile)),
            *("--ws-timeout", "3", MASKING, NEGOTIATION),
            API_TOKEN=TOKEN,
        )
        expect_green(run)
        assert run.counts["passed"] > 50


def test_login_by_a_function_is_written_as_the_page_says(run_suite: Any, serve: Any, tmp_path: Path) -> None:
    (tmp_path / "my_login.py").write_text(blocks("Login by challenge and response")["python"][0])
    handler, _ = DOCUMENTED["Login by challenge and response"]
    run = run_suite(
        *("--ws-url", serve(handler), "--ws-reply", "{message}", "--ws-login", "my_login:log_in"),
        *(MASKING, HANDSHAKE),
        API_KEY=KEY,
        PYTHONPATH=str(tmp_path),
    )
    expect_green(run)


@pytest.mark.parametrize("name", ["json_echo", "login_first", "pushes_ten_times_a_second", "strict_commands"])
def test_load_speaks_as_the_profile_says(name: str, run_suite: Any, serve: Any, tmp_path: Path) -> None:
    api = APIS[name]
    run = run_suite(
        *("--ws-url", serve(api.handler, **api.settings), "--ws-profile", written(tmp_path, api.profile)),
        *("-m", "load", "--ws-users", "20", "--ws-duration", "1s", str(LOADS / "test_steady.py")),
    )
    expect_green(run)
    assert run.counts["passed"] > 0


def test_locust_speaks_as_the_profile_says(serve: Any, tmp_path: Path) -> None:
    api = APIS["login_first"]
    run = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "locust",
                "-f",
                str(ROOT / "autotests-api" / "examples" / "locustfile.py"),
            ),
            *("--headless", "--users", "2", "--spawn-rate", "2", "--run-time", "1s", "--ws-pace", "0.1"),
            *("--ws-url", serve(api.handler), "--ws-profile", written(tmp_path, api.profile)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "echo of text" in run.stdout + run.stderr
