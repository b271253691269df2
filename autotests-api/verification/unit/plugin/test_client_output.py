"""What a client under test printed is kept, however much it was."""

from __future__ import annotations

import tempfile
import tracemalloc
from typing import Any, cast

from pytest_websocket.plugin.client_under_test import SHOWN, ClientUnderTest


def test_end_of_much_output_is_shown_and_costs_no_memory() -> None:
    client = ClientUnderTest("program {url}", cast(Any, None), 1.0)
    with tempfile.TemporaryFile("a+b", buffering=0) as output:
        for _ in range(16):
            output.write(b"much " * 200_000)
        output.write(b"\nthe \x1b[2J end")
        client._programs.append((cast(Any, None), output))
        tracemalloc.start()
        try:
            shown = client.output
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert shown.endswith(r"the \x1b[2J end")
    assert len(shown) < 2 * SHOWN
    assert peak < 1 << 20
