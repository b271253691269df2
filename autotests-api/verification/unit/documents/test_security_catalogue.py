"""The catalogue of the security cases: every case has numbers, and docs/security-catalogue.md is current."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_websocket.plugin.marks import weakness_of
from pytest_websocket.render.sarif import rule_id

ROOT = Path(__file__).parents[4]
CASES = "autotests-api/tests/security"
DOCUMENTS = {"security-catalogue.md": [], "security-catalogue-clients.md": ["--ws-client", "{url}"]}
"""The catalogues, and the options with which each is made."""


class Collected:
    """Keeps what pytest collects."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_catalogue_is_up_to_date(tmp_path: Path, name: str) -> None:
    made = tmp_path / "made.md"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--ws-security-table={made}"]
    subprocess.run([*command, *DOCUMENTS[name]], cwd=ROOT, check=True, capture_output=True)
    current = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert made.read_text(encoding="utf-8") == current, "run `make catalogue`"


def test_every_security_case_has_its_numbers() -> None:
    collected = Collected()
    status = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", str(ROOT / CASES)], [collected])
    assert status == pytest.ExitCode.OK
    bare = sorted({item.nodeid for item in collected.items if weakness_of(item) is None})
    assert not bare, "a case of tests/security has no @security(cwe=…, gain=…)"
    weaknesses = [(item, weakness_of(item)) for item in collected.items]
    for item, weakness in weaknesses:
        assert weakness is not None
        assert re.fullmatch(r"[A-Z][^\n]*\.", weakness.gain), item.nodeid
        assert all(re.fullmatch(r"(CVE-\d{4}-\d{4,}|GHSA(-\w{4}){3})", number) for number in weakness.cve)
        assert re.fullmatch(r"(\d+\.\d+\.\d+)?", weakness.asvs), item.nodeid
        assert re.fullmatch(r"(WSTG-[A-Z]{4}-\d\d)?", weakness.wstg), item.nodeid
    functions = {item.nodeid.partition("[")[0] for item in collected.items}
    assert len({rule_id(function) for function in functions}) == len(functions)
