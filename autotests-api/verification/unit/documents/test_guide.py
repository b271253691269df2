"""The guide to testing one's own API shows code that runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "autotests-api" / "examples"
GUIDE = (ROOT / "docs" / "your-own-api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.search(r"def (\w+)", block)[1])
def test_code_of_the_guide_stands_in_a_test_that_runs(block: str) -> None:
    sources = [path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.py")]
    assert any(block in source for source in sources)


def test_guide_shows_login_subscription_and_order() -> None:
    assert len(BLOCKS) >= 6
