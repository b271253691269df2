"""Writes the reference suite's files: index.json, and a JSON and an HTML file for each case."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

from pytest_websocket.protocol.frames import opcode_name
from pytest_websocket.recording import Recording
from pytest_websocket.render.pages import render
from pytest_websocket.text import printable
from pytest_websocket.wstest.case import Event
from pytest_websocket.wstest.results import Result, Results

SHOWN = 64
"""Bytes of a payload that a report shows."""


def write_reports(results: Results, outdir: Path) -> None:
    """Writes the files of all results that have none yet, and the index.

    Raises OSError where the folder cannot be written to.
    """
    outdir.mkdir(parents=True, exist_ok=True)
    index: dict[str, dict[str, Any]] = {}
    for result in results.all():
        if not result.is_written:
            write_case(result, outdir)
        index.setdefault(result.agent, {})[result.case.number] = {
            "behavior": result.verdict.behavior,
            "behaviorClose": result.verdict.behavior_close,
            "duration": _milliseconds(result),
            "remoteCloseCode": result.remote_code,
            "reportfile": f"{file_name(result.agent, result.case.number)}.json",
        }
    folder = str(outdir)
    _write(folder, "index.json", json.dumps(index, sort_keys=True, indent=3))
    _write(folder, "index.html", render("wstest_index.html.j2", **_overview(results)))


def write_case(result: Result, outdir: Path) -> None:
    """Writes the two files of a result. Raises OSError where that is not possible."""
    folder, name = str(outdir), file_name(result.agent, result.case.number)
    os.makedirs(folder, exist_ok=True)
    _write(folder, f"{name}.json", json.dumps(details(result), sort_keys=True))
    _write(folder, f"{name}.html", render("wstest_case.html.j2", **page_of(result)))
    result.is_written = True


def file_name(agent: str, number: str) -> str:
    """Returns the name of a case's files without its ending, made as the reference suite makes it."""
    cleaned = re.sub(r"[^a-z0-9]", " ", agent.strip().lower()).strip().replace(" ", "_")
    return f"{cleaned}_case_{number.replace('.', '_')}"


def details(result: Result) -> dict[str, Any]:
    """Returns what stands in a case's JSON file, under the reference suite's names."""
    observed, case, verdict = result.observed, result.case, result.verdict
    local, remote, recording = observed.local_close, observed.remote_close, result.recording
    return {
        "agent": result.agent,
        "behavior": verdict.behavior,
        "behaviorClose": verdict.behavior_close,
        "case": case.index,
        "closedByMe": observed.closed_by_us,
        "description": case.sends,
        "droppedByMe": observed.dropped_by_us,
        "duration": _milliseconds(result),
        "expectation": case.expects,
        "expected": {str(word): [_event(one) for one in events] for word, events in case.expected},
        "failedByMe": observed.failed_by_us,
        "httpRequest": _head(recording.request) if recording else "",
        "httpResponse": _head(recording.response) if recording else "",
        "id": case.number,
        "isServer": result.is_server,
        "localCloseCode": local.code if local else None,
        "localCloseReason": _reason(local.reason) if local else None,
        "received": [_event(one) for one in observed.received],
        "remoteCloseCode": remote.code if remote else None,
        "remoteCloseReason": _reason(remote.reason) if remote else None,
        "reportTime": case.timed,
        "result": verdict.result,
        "resultClose": verdict.result_close,
        "rule": case.rule,
        "rxFrameStats": _frames(recording, sent=result.is_server),
        "started": result.started,
        "txFrameStats": _frames(recording, sent=not result.is_server),
        "violations": [str(one) for one in observed.violations],
        "wasClean": observed.clean,
        "wasCloseHandshakeTimeout": observed.answer_timed_out,
        "wasNotCleanReason": observed.unclean_because,
        "wasOpenHandshakeTimeout": observed.opening_timed_out,
        "wasServerConnectionDropTimeout": observed.drop_timed_out,
        "wirelog": _wire_log(recording, is_server=result.is_server),
    }


def page_of(result: Result) -> dict[str, Any]:
    """Returns what the page of a case shows."""
    mode = "fuzzingserver" if result.is_server else "fuzzingclient"
    return {
        "result": result,
        "verdict": result.verdict,
        "case": result.case,
        "milliseconds": _milliseconds(result),
        "conversation": result.recording.tail(200) if result.recording else "",
        "request": _lines(result.recording.request) if result.recording else "",
        "response": _lines(result.recording.response) if result.recording else "",
        "violations": [str(one) for one in result.observed.violations],
        "again": f"wstest -m {mode} --cases {result.case.number}",
    }


def _overview(results: Results) -> dict[str, Any]:
    numbers = sorted({r.case.number for r in results.all()}, key=lambda one: tuple(map(int, one.split("."))))
    rows = []
    for number in numbers:
        cells = [(results.get(agent, number), file_name(agent, number)) for agent in results.agents]
        known = next(result for result, _ in cells if result)
        rows.append({"case": known.case, "cells": cells})
    counts = [Counter(str(r.verdict.behavior) for r in results.of(agent)) for agent in results.agents]
    return {"agents": results.agents, "rows": rows, "counts": counts}


def _write(folder: str, name: str, content: str) -> None:
    # Text of a peer may hold lone surrogates, which UTF-8 cannot write. Paths as objects cost as much as the
    # writing itself, for a thousand files.
    with open(os.path.join(folder, name), "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(content)


def _milliseconds(result: Result) -> int:
    return round(result.observed.duration * 1000)


def _head(head: bytes) -> str:
    return head.decode("latin-1")


def _lines(head: bytes) -> str:
    """Returns a head as lines that a page can show as they are."""
    return "\n".join(map(printable, _head(head).split("\r\n")))


def _reason(reason: bytes) -> str | None:
    return reason.decode(errors="backslashreplace") if reason else None


def _shown(data: bytes) -> str:
    cut = " ..." if len(data) > SHOWN else ""
    return data[:SHOWN].decode(errors="backslashreplace") + cut


def _event(event: Event) -> list[Any]:
    shown = [event.kind, _shown(event.data)]
    return [*shown, event.binary] if event.kind == "message" else shown


def _frames(recording: Recording | None, *, sent: bool) -> dict[str, int]:
    frames = recording.frames if recording else []
    return dict(Counter(str(frame.header.opcode) for frame in frames if frame.sent is sent))


def _wire_log(recording: Recording | None, *, is_server: bool) -> list[Any]:
    """Returns the frames as the reference suite lists them: direction, payload, opcode, FIN, RSV, mask."""
    entries = []
    for frame in recording.frames if recording else []:
        header = frame.header
        rsv = header.rsv1 << 2 | header.rsv2 << 1 | header.rsv3
        direction = "TF" if frame.sent is not is_server else "RF"
        payload = [frame.size, _shown(frame.data)]
        mask = header.mask_key.hex() or None
        name = opcode_name(header.opcode)
        entries.append([direction, payload, header.opcode, header.fin, rsv, mask, name, round(frame.at, 6)])
    return entries
