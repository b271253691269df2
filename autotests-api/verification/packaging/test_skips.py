"""The list of allowed skips finds a skip that it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from verification.packaging import skips

JUNIT = """\
<testsuites><testsuite>
<testcase classname="suite" name="test_one"><skipped type="pytest.skip" message="{reason}"/></testcase>
<testcase classname="suite" name="test_two"><skipped type="pytest.xfail" message="known"/></testcase>
<testcase classname="suite" name="test_three"/>
</testsuite></testsuites>
"""


@pytest.mark.parametrize(
    ("reason", "status"),
    [("the refusal says where it ends", 0), ("pip install pytest-websocket[load]", 1)],
    ids=["allowed", "unknown"],
)
def test_skip_that_is_not_allowed_is_status_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reason: str, status: int
) -> None:
    file = tmp_path / "junit.xml"
    file.write_text(JUNIT.format(reason=reason), encoding="utf-8")
    assert skips.main([str(file)]) == status
    output = capsys.readouterr().out
    assert ("suite.test_one" in output) == bool(status)
    assert "test_two" not in output
