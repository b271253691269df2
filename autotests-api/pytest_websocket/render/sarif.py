"""Renders the weaknesses of a run as SARIF 2.1.0, within the limits that GitHub's code scanning documents.

Those limits are 5,000 results that are kept, 10 tags of a rule, 10 MB of the file compressed. Code scanning
takes a result only with a relative path, so that the place of a result is the case that found it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from pytest_websocket.protocol.weaknesses import Severity, Weakness
from pytest_websocket.render.failure_grouping import first_line
from pytest_websocket.render.run import Record, Run
from pytest_websocket.text import printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

MOST_RESULTS = 5_000
LONGEST_MESSAGE = 6_000
"""Characters of a result's text, the conversation included."""

MOST_TEXT = 8_000_000
"""Characters of the texts of all results: with more of them each is shorter."""

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
_CWE = "CWE"
_CWE_GUID = "FFC64C90-42B6-44CE-8BEB-F6B7DAE649E5"


def log(run: Run, *, target: str, version: str) -> dict[str, Any]:
    """Returns the SARIF log of a run against ``target``; its rules are those of every case that ran."""
    rules: dict[str, dict[str, Any]] = {}
    used: dict[int, Weakness] = {}
    for record in run.records.values():
        if record.weakness is not None:
            rules.setdefault(rule_id(record.nodeid), _rule(record, record.weakness))
            used.setdefault(record.weakness.cwe, record.weakness)
    places = {identity: index for index, identity in enumerate(rules)}
    found = run.weaknesses[:MOST_RESULTS]
    longest = min(LONGEST_MESSAGE, MOST_TEXT // max(len(found), 1))
    results = [_result(record, places, longest) for record in found]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pytest-websocket",
                        "semanticVersion": version,
                        "supportedTaxonomies": [{"name": _CWE, "guid": _CWE_GUID}],
                        "rules": list(rules.values()),
                    }
                },
                "automationDetails": {"id": f"pytest-websocket/{printable(target)}/"},
                "taxonomies": [_taxonomy(used.values())],
                "results": results,
            }
        ],
    }


def rule_id(nodeid: str) -> str:
    """Returns ``flood-of-small-frames-does-not-stop-the-server`` for the node id of the case."""
    return _case(nodeid).partition("[")[0].removeprefix("test_").replace("_", "-")


def fingerprint(record: Record) -> str:
    """Returns what stays the same of a result over runs, versions of the suite and ports of the server."""
    return hashlib.sha256(_case(record.nodeid).encode("utf-8", "replace")).hexdigest()[:32]


def _case(nodeid: str) -> str:
    """Returns the node id from the function on: folders differ between a clone and an installation."""
    before, bracket, parameters = nodeid.partition("[")
    return before.rpartition("::")[2] + bracket + parameters


def _sentence(identity: str) -> str:
    words = identity.replace("-", " ")
    return f"{words[:1].upper()}{words[1:]}."


def _rule(record: Record, weakness: Weakness) -> dict[str, Any]:
    identity = rule_id(record.nodeid)
    numbers = [
        f"CWE-{weakness.cwe} {weakness.title}",
        *weakness.cve,
        *([f"OWASP ASVS 5.0 V{weakness.asvs}"] if weakness.asvs else []),
        *([f"OWASP {weakness.wstg}"] if weakness.wstg else []),
    ]
    text = f"{_sentence(identity)} What an attacker gains otherwise: {weakness.gain}"
    listed = "".join(f"\n- {number}" for number in numbers)
    return {
        "id": identity,
        "name": "".join(word.capitalize() for word in identity.split("-")),
        "shortDescription": {"text": _sentence(identity)},
        "fullDescription": {"text": text},
        "help": {
            "text": f"{text}\n{listed}",
            "markdown": f"{text}\n{listed}\n\n[CWE-{weakness.cwe}]({weakness.url})",
        },
        "helpUri": weakness.url,
        "defaultConfiguration": {"level": _LEVELS[weakness.severity]},
        "properties": {
            # GitHub keeps ten tags of a rule.
            "tags": ["security", f"external/cwe/cwe-{weakness.cwe:03}", *weakness.cve[:8]],
            "precision": "high",
            "security-severity": f"{weakness.severity.score:.1f}",
        },
        "relationships": [
            {
                "target": {"id": str(weakness.cwe), "toolComponent": {"name": _CWE, "guid": _CWE_GUID}},
                "kinds": ["superset"],
            }
        ],
    }


def _result(record: Record, places: dict[str, int], longest: int) -> dict[str, Any]:
    assert record.weakness is not None
    identity = rule_id(record.nodeid)
    lines = [
        printable(first_line(record)),
        "",
        f"Attacker's gain: {record.weakness.gain}",
        "",
        record.dialogue,
    ]
    path, line = record.place
    found = fingerprint(record)
    return {
        "ruleId": identity,
        "ruleIndex": places[identity],
        "level": _LEVELS[record.weakness.severity],
        "message": {"text": "\n".join(lines).strip()[:longest]},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": path.lstrip("/") or "tests"},
                    "region": {"startLine": line},
                },
                "logicalLocations": [{"name": printable(_case(record.nodeid)), "kind": "function"}],
            }
        ],
        # Code scanning looks at the first alone.
        "partialFingerprints": {"primaryLocationLineHash": f"{found}:1", "websocketCase/v1": found},
        "taxa": [{"id": str(record.weakness.cwe), "toolComponent": {"name": _CWE, "guid": _CWE_GUID}}],
    }


def _taxonomy(used: Iterable[Weakness]) -> dict[str, Any]:
    return {
        "name": _CWE,
        "guid": _CWE_GUID,
        "organization": "MITRE",
        "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
        "informationUri": "https://cwe.mitre.org/",
        "isComprehensive": False,
        "taxa": [
            {
                "id": str(weakness.cwe),
                "name": weakness.title,
                "shortDescription": {"text": weakness.title},
                "helpUri": weakness.url,
            }
            for weakness in sorted(used, key=lambda each: each.cwe)
        ],
    }
