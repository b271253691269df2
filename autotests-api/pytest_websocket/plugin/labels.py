"""Derives labels and title of a test from the place of its file, its name and its rule."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import PurePosixPath

import pytest

from pytest_websocket.plugin import marks as rfc
from pytest_websocket.protocol.rules import Rule
from pytest_websocket.protocol.weaknesses import Severity, Weakness
from pytest_websocket.render.sections import TOPICS

EPICS = {
    "contract": "Echo contract",
    "conformance": "Conformance to the RFCs",
    "resilience": "Resilience: honest peer, bad network",
    "security": "Security: hostile peer",
    "load": "Load",
    "process": "Start and end of the server's process",
    "browser": "A real browser",
    "verification": "Our own tools",
}
_SEVERITIES_BY_LEVEL = {rfc.MUST: "critical", rfc.SHOULD: "normal", rfc.MAY: "minor"}
_SEVERITIES_OF_WEAKNESSES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "normal",
    Severity.LOW: "minor",
}
_SEVERITIES_BY_FOLDER = {"contract": "critical", "security": "critical", "verification": "minor"}

# Words of the field that are not written as they stand in an identifier.
_SPELLING = {
    "utf8": "UTF-8",
    "rfc": "RFC",
    "tls": "TLS",
    "tcp": "TCP",
    "http": "HTTP",
    "json": "JSON",
    "html": "HTML",
    "har": "HAR",
    "url": "URL",
    "uri": "URI",
    "crlf": "CR LF",
    "nul": "NUL",
    "bom": "BOM",
    "rsv1": "RSV1",
    "rsv2": "RSV2",
    "rsv3": "RSV3",
    "mib": "MiB",
    "kib": "KiB",
    "svg": "SVG",
    "ipv4": "IPv4",
    "ipv6": "IPv6",
    "websocket": "WebSocket",
    "unicode": "Unicode",
    "chromium": "Chromium",
    "allure": "Allure",
    "autobahn": "Autobahn",
    "xdist": "xdist",
}
TITLE_LIMIT = 200


@dataclass(frozen=True)
class Labels:
    """Where the report shows one test."""

    epic: str
    feature: str
    story: str
    severity: str
    topic: str
    rule: Rule | None
    weakness: Weakness | None = None


def labels_of(item: pytest.Item) -> Labels:
    """Returns epic, feature, story and severity of a collected test."""
    folder, topic = _folder_and_topic(item)
    rule = rfc.rule_of(item)
    epic = EPICS.get(folder, in_words(folder) or "Tests")
    if rule is None:
        weakness = rfc.weakness_of(item)
        severity = _SEVERITIES_BY_FOLDER.get(folder, "normal")
        if weakness is not None:
            severity = _SEVERITIES_OF_WEAKNESSES[weakness.severity]
        return Labels(epic, topic, "", severity, topic, None, weakness)
    topic = TOPICS.get((rule.rfc, rule.section), topic)
    return Labels(
        epic=epic,
        feature=f"{rule.title} {topic}".rstrip(),
        story=f"{rule.level}: {rule.text}",
        severity=_SEVERITIES_BY_LEVEL[rule.level],
        topic=topic,
        rule=rule,
    )


def title_of(item: pytest.Item) -> str:
    """Returns the test's name as a sentence, with the parameters' id after a dot."""
    name: str = getattr(item, "originalname", None) or item.name
    title = in_words(name.removeprefix("test_"))
    call = getattr(item, "callspec", None)
    if call is not None and call.id:
        title = f"{title} · {_unescaped(call.id)}"
    return title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1] + "…"


def in_words(identifier: str) -> str:
    """Returns ``UTF-8 is checked`` for ``utf8_is_checked``."""
    words = [_SPELLING.get(word, word) for word in identifier.split("_") if word]
    sentence = " ".join(words)
    return sentence[:1].upper() + sentence[1:]


def _folder_and_topic(item: pytest.Item) -> tuple[str, str]:
    # A file outside the root directory begins with the way out of it.
    parts = [part for part in PurePosixPath(item.nodeid.partition("::")[0]).parts if part not in {"..", "/"}]
    if "verification" in parts:
        below = parts[parts.index("verification") :]
    else:
        below = parts[parts.index("tests") + 1 :] if "tests" in parts else parts
    # The number in a conformance file's name is its section, which the rule says better.
    topic = re.sub(r"^test_(\d+_)*", "", PurePosixPath(below[-1]).stem)
    return (below[0] if len(below) > 1 else "", in_words(topic))


def _unescaped(parameter_id: str) -> str:
    # pytest escapes what is not ASCII in an id; a reader wants the letters.
    if "\\" not in parameter_id or not parameter_id.isascii():
        return parameter_id
    try:
        with warnings.catch_warnings():
            # The id of a pattern of bytes may hold what is no escape, such as \d.
            warnings.simplefilter("ignore", DeprecationWarning)
            return parameter_id.encode("ascii").decode("unicode-escape")
    except UnicodeDecodeError:
        return parameter_id
