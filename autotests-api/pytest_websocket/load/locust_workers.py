"""Lets Locust's master wait, at the end of a run, for the last figures of its workers.

Locust's own master waits half a second and takes what has come by then. Two attributes of its runner that
are not documented are used here, and nowhere else in this package: ``runner.clients``, to know whom to wait
for, and ``runner.update_state``, so that the users of a worker that has stopped are not given to the others.
tests/load/test_locust.py fails when one of them changes.
"""

from __future__ import annotations

import logging
from typing import Any, cast

import gevent
from locust.env import Environment
from locust.runners import STATE_STOPPING, MasterRunner, WorkerRunner

_EXTRA_WAIT = 60.0
"""Seconds after Locust's --stop-timeout within which the last figures of all workers must have come."""

_log = logging.getLogger(__name__)


def collect_last_figures(environment: Environment) -> None:
    """Sets up master or worker; to be called from a listener of Locust's ``init`` event."""
    runner, events = environment.runner, cast(Any, environment.events)
    if isinstance(runner, MasterRunner):
        _wait_for_workers(runner, environment, events)
    elif isinstance(runner, WorkerRunner):
        _report_on_request(runner, events)


def _wait_for_workers(runner: MasterRunner, environment: Environment, events: Any) -> None:
    reported: set[str] = set()

    def receive(msg: Any, **_: Any) -> None:
        if msg.data is not None:
            events.worker_report.fire(client_id=msg.node_id, data=msg.data)
        reported.add(msg.node_id)

    def missing() -> set[str]:
        clients = runner.clients
        return {client.id for client in (*clients.ready, *clients.spawning, *clients.running)} - reported

    def wait(**_: Any) -> None:
        reported.clear()
        runner.update_state(STATE_STOPPING)
        runner.send_message("report_last_figures")
        with gevent.Timeout(environment.stop_timeout + _EXTRA_WAIT, False):
            while missing():
                gevent.sleep(0.02)
        if missing():
            _log.error("The last figures of %d workers did not come: the sums are too low.", len(missing()))

    runner.register_message("last_figures", receive)
    events.test_stopping.add_listener(wait)


def _report_on_request(runner: WorkerRunner, events: Any) -> None:
    def report(**_: Any) -> None:
        runner.stop()
        figures: dict[str, Any] = {}
        events.report_to_master.fire(client_id=runner.client_id, data=figures)
        runner.send_message("last_figures", figures)

    runner.register_message("report_last_figures", report)
    # Ctrl+C reaches workers of the same terminal before their master can ask them.
    events.quitting.add_listener(report)
