"""Pytest plugin: runs tests of the suite against faulty servers instead of the embedded one.

``--proof-plan FILE`` names the tests for each server, ``--proof-results FILE`` gets a line for each test
that was run, both as JSON. Every test is parametrized with the servers that it is to be run against, so
that one session of pytest, distributed by pytest-xdist, holds the whole proof. Measured on two cores with
622 servers: a minute, half of it computing, where a pytest process for each server computes for more than
ten. The parameter has the scope of the session, so that pytest runs the tests of a server one after
another, and the mark ``xdist_group`` keeps them on one worker. An assertion that fails is reported as an
expected failure (xfail), and so is a server that has gone; any other exception stays an error.

A faulty server replaces the address of the embedded server and nothing else: what the target is able to do
was found on the embedded one, so that a server without compression fails the tests of it instead of being
skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from verification.proof.server_process import CORRECT, running

if TYPE_CHECKING:
    from pytest_websocket.target.target import Target

TEXT_LIMIT = 1200
"""Characters of a failure that are kept."""

SERVER_IS_WRONG = (AssertionError, pytest.fail.Exception, OSError)
"""What a test raises about a server: a failed check, or an error of TCP when the server has gone."""

SLOWNESS = 10
"""Factor of the deadline on the correct server: its tests wait for nothing that does not come."""

Plan = Mapping[str, list[str]]
"""Node ids by the name of the server."""


@dataclass(frozen=True)
class Server:
    """A server that runs: its name in the catalogue, and its URL."""

    name: str
    url: str


class Proof:
    """Parametrizes tests with servers, and keeps only the pairs of the plan."""

    def __init__(self, plan: Plan) -> None:
        self.wanted = {(server, test) for server, tests in plan.items() for test in tests}
        self.servers: dict[str, list[str]] = {}
        for server, tests in plan.items():
            for function in dict.fromkeys(test.partition("[")[0] for test in tests):
                self.servers.setdefault(function, []).append(server)

    @pytest.fixture(scope="session", autouse=True)
    @classmethod
    def faulty_server(cls, request: pytest.FixtureRequest) -> Iterator[Server]:
        """Starts the server of the parameter in a process of its own, and kills it at the end."""
        with running(request.param) as url:
            yield Server(request.param, url)

    @pytest.fixture(scope="session")
    @classmethod
    def target(cls, target: Target, faulty_server: Server) -> Target:
        """Overrides the address of the target, and gives the correct server the time of a busy machine."""
        factor = SLOWNESS if faulty_server.name == CORRECT else 1
        return replace(target, url=faulty_server.url, timeout=target.timeout * factor)

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Adds the servers of a function as its first parameter."""
        function = metafunc.definition.nodeid
        parameters = [
            # Each worker may start the correct server; a file of tests is enough to be kept together.
            pytest.param(
                server,
                id=server,
                marks=pytest.mark.xdist_group(function.partition("::")[0] if server == CORRECT else server),
            )
            for server in self.servers.get(function, [])
        ]
        metafunc.parametrize("faulty_server", parameters, indirect=True, scope="session")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Function]) -> None:
        """Deselects what the plan does not name, and what looks inside the embedded server."""
        deselected = []
        for item in list(items):
            server, test = _taken_apart(item)
            item.user_properties += [("server", server), ("test", test)]
            if (server, test) not in self.wanted or "echo_server" in item.fixturenames:
                deselected.append(item)
                items.remove(item)
        config.hook.pytest_deselected(items=deselected)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Function, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keeps why an assertion failed, and makes the failure an expected one."""
        report = yield
        failed = (
            report.failed and call.excinfo is not None and isinstance(call.excinfo.value, SERVER_IS_WRONG)
        )
        # Without the fixture the server did not start, which proves nothing.
        if failed and "faulty_server" in item.funcargs:
            report.user_properties.append(("failure", essence(report.longreprtext)))
            if ("server", CORRECT) not in report.user_properties:
                report.outcome = "skipped"
                report.wasxfail = "the server is faulty"
        return report


class Results:
    """Writes a line of JSON for every test: server, node id, seconds, and the failure if there was one."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.took: dict[str, float] = {}
        self.failure: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds up setup, call and teardown."""
        node, facts = report.nodeid, dict(report.user_properties)
        self.took[node] = self.took.get(node, 0.0) + report.duration
        if "failure" in facts:
            self.failure.setdefault(node, str(facts["failure"]))
        elif report.failed:
            self.failure.setdefault(node, "")
        if report.when == "teardown":
            line = {
                "server": facts["server"],
                "test": facts["test"],
                "seconds": round(self.took.pop(node), 3),
                "failure": self.failure.pop(node, None),
            }
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


def essence(text: str) -> str:
    """Returns the lines of a failure that explain it: those that pytest marks with an E."""
    lines = [line[1:].strip() for line in text.splitlines() if re.match(r"E( |$)", line)]
    return "\n".join(lines)[:TEXT_LIMIT] or text[-TEXT_LIMIT:]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Registers the options."""
    group = parser.getgroup("proof", "tests against faulty servers")
    group.addoption("--proof-plan", type=Path, help="JSON file: node ids by the name of the server")
    group.addoption("--proof-results", type=Path, help="file that gets a line of JSON for each test")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the proof after all other plugins, so that its fixture overrides theirs."""
    # Imported here, because a module that is imported before pytest loads it as a plugin is not rewritten.
    from hypothesis import Phase, settings

    # Properties fail at the first example that shows it, always the same one, without shrinking.
    settings.register_profile(
        "proof", phases=(Phase.explicit, Phase.generate), derandomize=True, database=None, deadline=None
    )
    settings.load_profile("proof")
    plan: Plan = json.loads(config.getoption("--proof-plan").read_text(encoding="utf-8"))
    config.pluginmanager.register(Proof(plan), "proof")
    results: Any = config.getoption("--proof-results")
    if results and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Results(results), "proof-results")


def _taken_apart(item: pytest.Function) -> tuple[str, str]:
    """Returns the server of a test, and the node id of the test without the server."""
    function = item.nodeid.partition("[")[0]
    if not hasattr(item, "callspec"):
        return "", function
    server = str(item.callspec.params.get("faulty_server", ""))
    parameters = item.callspec.id.removeprefix(server).removeprefix("-")
    return server, f"{function}[{parameters}]" if parameters else function
