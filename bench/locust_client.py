"""Locust's usual WebSocket client for the comparison: websocket-client on gevent, a greenlet each.

Run by engines.py, which passes BENCH_PORT, BENCH_SECONDS and BENCH_SIZE. Prints one JSON line.
"""

from __future__ import annotations

import json
import os
from time import perf_counter, process_time

import gevent
import websocket
from locust import User, constant, events, task

PORT, SIZE = os.environ["BENCH_PORT"], int(os.environ["BENCH_SIZE"])
SECONDS = float(os.environ["BENCH_SECONDS"])
WARM_UP = 0.5


class Echo(User):
    """Sends a message when it has the reply to the one before."""

    wait_time = constant(0)
    messages = 0

    def on_start(self) -> None:
        """Open the connection."""
        self.connection = websocket.create_connection(f"ws://127.0.0.1:{PORT}/", timeout=30)

    @task
    def echo(self) -> None:
        """One message and its reply."""
        began = perf_counter()
        self.connection.send("x" * SIZE)
        reply = self.connection.recv()
        Echo.messages += 1
        events.request.fire(
            request_type="WS",
            name="echo",
            response_time=(perf_counter() - began) * 1000,
            response_length=len(reply),
            exception=None,
            context={},
        )


@events.spawning_complete.add_listener
def begin(**_: object) -> None:
    gevent.spawn(measure)


def measure() -> None:
    gevent.sleep(WARM_UP)
    messages, cpu, began = Echo.messages, process_time(), perf_counter()
    gevent.sleep(SECONDS)
    measured = {
        "messages": Echo.messages - messages,
        "cpu": process_time() - cpu,
        "seconds": perf_counter() - began,
    }
    print(json.dumps(measured), flush=True)
    os._exit(0)
