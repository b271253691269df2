"""``fuzzingclient``: runs the cases against servers, several at once."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Sequence
from pathlib import Path

from pytest_websocket.protocol.handshake import Request, Response, problems_of_acceptance
from pytest_websocket.protocol.rules import Role
from pytest_websocket.raw.connection import Connection
from pytest_websocket.raw.dialing import open_connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording
from pytest_websocket.text import printable
from pytest_websocket.wstest.case import Case, Wait
from pytest_websocket.wstest.descriptions import described
from pytest_websocket.wstest.negotiation import Coders, accepted, offers
from pytest_websocket.wstest.observed import Observed
from pytest_websocket.wstest.progress import Progress
from pytest_websocket.wstest.reports import write_case
from pytest_websocket.wstest.results import Result, Results
from pytest_websocket.wstest.running import Run
from pytest_websocket.wstest.selection import is_excluded
from pytest_websocket.wstest.spec import Spec, TestedServer
from pytest_websocket.wstest.verdict import judge
from pytest_websocket.wstest.wire_log import WireLog

SECOND = 1.0
"""Seconds in which a second connection has to be opened while the first is open."""

UNKNOWN = "UnknownServer"
"""The agent of a server that neither the spec file nor a Server header names."""


class NoServer(Exception):
    """A server could not be reached, or opens no connection; the message says why."""


async def test_servers(
    spec: Spec, cases: Sequence[Case], results: Results, progress: Progress, *, parallel: int
) -> None:
    """Runs ``cases`` against every server of ``spec``, ``parallel`` of them at once, and keeps the results.

    A server that cannot be reached is told, and the others are tested. Raises NoServer when none could be.
    """
    problems = []
    for server in spec.servers:
        try:
            agent, serves_two = await _first_look(server)
        except NoServer as error:
            progress.tell(str(error))
            problems.append(str(error))
            continue
        if not serves_two and parallel > 1:
            progress.tell(f"{agent} serves one connection at a time: the cases run one after the other")
        chosen = [case for case in cases if not is_excluded(agent, case.number, spec.excluded_for)]
        progress.begin(agent, len(chosen))
        at_once = parallel if serves_two else 1
        await _run_all(server, agent, chosen, results, progress, spec.outdir, at_once)
    if len(problems) == len(spec.servers):
        raise NoServer("no server was tested")


async def _run_all(
    server: TestedServer,
    agent: str,
    cases: Sequence[Case],
    results: Results,
    progress: Progress,
    outdir: Path,
    parallel: int,
) -> None:
    # Cases that wait come first: the others run meanwhile.
    waiting = iter(sorted(enumerate(cases, 1), key=lambda numbered: not _waits(numbered[1])))

    async def work() -> None:
        for index, case in waiting:
            result = await run_case(server, agent, case, index)
            results.add(result)
            progress.done(result)
            # Its files are written while servers answer; what cannot be written is tried again at the end.
            with contextlib.suppress(OSError):
                write_case(result, outdir)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(parallel, len(cases))):
            tasks.create_task(work())


def _waits(case: Case) -> bool:
    return any(isinstance(step, Wait) for step in case.steps)


async def _first_look(server: TestedServer) -> tuple[str, bool]:
    """Returns the server's name, and whether it serves a second connection while the first is open.

    Raises NoServer where it cannot be tested.
    """
    first, second = (
        Connection(Recording(), server.settings.opening * server.settings.scale) for _ in range(2)
    )
    try:
        response = await _opened(server, first)
        try:
            first.deadline = second.deadline = SECOND * server.settings.scale
            await _opened(server, second)
        except (OSError, NotReceived):
            return server.agent or response.value("Server") or UNKNOWN, False
        return server.agent or response.value("Server") or UNKNOWN, True
    except (OSError, NotReceived, ValueError) as error:
        raise NoServer(f"{server.endpoint.url}: {printable(str(error))}") from None
    finally:
        first.abort()
        second.abort()


async def _opened(server: TestedServer, connection: Connection) -> Response:
    """Opens a connection without extensions. Raises ValueError where the answer is no acceptance."""
    await _connect(server, connection)
    request = _request(server, None)
    response = await connection.handshake(request)
    problems = problems_of_acceptance(request, response)
    if problems:
        raise ValueError(f"the opening handshake failed: {'; '.join(problems)}")
    return response


async def run_case(server: TestedServer, agent: str, case: Case, index: int) -> Result:
    """Runs one case on a connection of its own."""
    recording = WireLog("wstest", server.endpoint.url)
    connection = Connection(recording, max(server.settings.opening, case.limit * server.settings.scale))
    began, started = time.time(), time.perf_counter()
    observed: Observed
    try:
        coders = await _open(server, connection, case)
    except (OSError, NotReceived, ValueError) as error:
        observed = Observed(problem=printable(str(error)), started=began)
        observed.opening_timed_out = isinstance(error, NotReceived)
        observed.duration = time.perf_counter() - started
        connection.abort()
    else:
        if case.timed:
            recording.leave_out("frames are left out: the case is about speed")
        observed = await Run(case, connection, server.settings, coders.deflater if coders else None)()
    return Result(
        agent,
        described(case, index),
        judge(case, observed, Role.CLIENT),
        observed,
        recording,
        is_server=False,
    )


async def _open(server: TestedServer, connection: Connection, case: Case) -> Coders | None:
    """Opens the connection of a case. Raises ValueError where the answer does not accept the request."""
    await _connect(server, connection)
    offered = offers(case.compression) if case.compression else None
    request = _request(server, offered)
    connection.request = request
    await connection.send_bytes(request.encode())
    response = await connection.read_response(deadline=server.settings.opening * server.settings.scale)
    problems = problems_of_acceptance(request, response)
    if problems:
        raise ValueError(f"the opening handshake failed: {'; '.join(problems)}")
    answered = response.value("Sec-WebSocket-Extensions")
    if offered is None and answered is not None:
        raise ValueError(f"the answer has the extension {answered!r}, which was not offered (RFC 6455 §4.1)")
    coders = accepted(offered, answered) if offered else None
    connection.switch_protocols(coders.inflater if coders else None)
    return coders


async def _connect(server: TestedServer, connection: Connection) -> None:
    endpoint = server.endpoint
    tls = None
    if endpoint.secure:
        # As in the reference suite: what is tested is the protocol, not the certificate.
        tls = ssl.create_default_context()
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    name = server.hostname or endpoint.host
    await open_connection(connection, endpoint.host, endpoint.port, tls=tls, tls_name=name)


def _request(server: TestedServer, offered: str | None) -> Request:
    endpoint = server.endpoint
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    request = Request.opening(endpoint.resource, f"{host}:{endpoint.port}").having("User-Agent", "wstest")
    if server.origin:
        request = request.having("Origin", server.origin)
    if server.protocols:
        request = request.having("Sec-WebSocket-Protocol", ", ".join(server.protocols))
    return request.having("Sec-WebSocket-Extensions", offered) if offered else request
