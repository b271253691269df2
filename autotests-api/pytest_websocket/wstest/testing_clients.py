"""``fuzzingserver``: serves the reference suite's loop, in which a client runs one case after the other."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from pytest_websocket.protocol.frames import close, text
from pytest_websocket.protocol.request import ClientRequest, problems_of_request
from pytest_websocket.protocol.rules import Role
from pytest_websocket.raw.accepted import AcceptedConnection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.text import printable, quantity
from pytest_websocket.wstest.case import Case
from pytest_websocket.wstest.commands import obey
from pytest_websocket.wstest.descriptions import described
from pytest_websocket.wstest.negotiation import answer
from pytest_websocket.wstest.own_cases import OwnCase, OwnCases
from pytest_websocket.wstest.page import page
from pytest_websocket.wstest.progress import Progress
from pytest_websocket.wstest.reports import write_reports
from pytest_websocket.wstest.results import Result, Results
from pytest_websocket.wstest.running import Run
from pytest_websocket.wstest.selection import is_excluded
from pytest_websocket.wstest.spec import Spec, SpecError
from pytest_websocket.wstest.verdict import judge
from pytest_websocket.wstest.wire_log import WireLog


class BadRequest(Exception):
    """A request of the loop that cannot be fulfilled; the message says why."""


class FuzzingServer:
    """Listens at the spec file's URL and serves the loop to any number of clients at once.

    ``has_reported`` says that a client asked for the reports. Cases are counted from 1 in the loop.
    """

    def __init__(
        self,
        spec: Spec,
        cases: Sequence[Case | OwnCase],
        results: Results,
        progress: Progress,
        own: OwnCases | None = None,
    ) -> None:
        self._spec = spec
        self._own = own
        self._cases = cases
        self._results = results
        self._progress = progress
        self._stopped = asyncio.Event()
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[AcceptedConnection] = set()
        self.has_reported = False
        self.port = 0

    async def start(self, webport: int) -> None:
        """Begins to listen. Raises SpecError where that is not possible."""
        endpoint = self._spec.endpoint
        assert endpoint is not None
        tls = _server_context(self._spec) if endpoint.secure else None
        listening = await self._listen(endpoint.host, endpoint.port, tls)
        self.port = listening.sockets[0].getsockname()[1]
        scheme = "wss" if endpoint.secure else "ws"
        self._progress.say(f"{quantity(len(self._cases), 'case')} at {scheme}://{endpoint.host}:{self.port}")
        if webport and webport != self.port:
            try:
                await self._listen(endpoint.host, webport, None)
            except SpecError as error:
                self._progress.tell(f"no page for browsers: {error}")
            else:
                self._progress.say(f"page for browsers: http://{endpoint.host}:{webport}/")

    async def serve(self) -> None:
        """Serves until `stop`, and writes the reports where a client has not asked for them."""
        await self._stopped.wait()
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self._connections:
            connection.abort()
        if self._results.agents:
            write_reports(self._results, self._spec.outdir)

    def stop(self) -> None:
        """Ends `serve`."""
        self._stopped.set()

    # Connections

    async def _listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._new_connection, host, port, ssl=tls, backlog=1024)
        except OSError as error:
            raise SpecError(f"cannot listen on {host}:{port}: {error.strerror}") from None
        self._servers.append(server)
        return server

    def _new_connection(self) -> AcceptedConnection:
        connection = AcceptedConnection(WireLog("client under test", ""), self._spec.settings.opening)
        connection.on_request = lambda: self._start(self._serve_one(connection))
        self._connections.add(connection)
        return connection

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_one(self, connection: AcceptedConnection) -> None:
        request = connection.request
        try:
            if "websocket" not in (token.lower() for token in request.tokens("Upgrade")):
                await self._serve_page(connection)
            elif problems := problems_of_request(request):
                self._progress.tell(
                    f"a request that is no opening handshake: {printable('; '.join(problems))}"
                )
                await connection.reject(400, body="; ".join(problems))
            else:
                await self._serve_path(connection)
        except BadRequest as error:
            self._progress.tell(f"{printable(request.resource)}: {printable(str(error))}")
            await connection.reject(400, body=str(error))
        except NotReceived:
            # A client that stopped reading; its case has its verdict.
            connection.abort()
        finally:
            self._connections.discard(connection)

    async def _serve_path(self, connection: AcceptedConnection) -> None:
        query = connection.request.query
        match connection.request.path:
            case "/getCaseCount":
                await self._tell(connection, len(self._cases))
            case "/getCaseInfo":
                case, _ = self._case(query)
                await self._tell(connection, {"id": case.number, "description": case.sends})
            case "/getCaseStatus":
                case, _ = self._case(query)
                await connection.accept()
                result = await self._results.wait_for(_agent(query), case.number)
                await self._tell(connection, {"behavior": result.verdict.behavior}, accepts=False)
            case "/runCase":
                await self._run_case(connection)
            case "/updateReports":
                await self._update_reports(connection)
            case "/stopServer":
                await self._tell(connection, None)
                self.stop()
            case _:
                await connection.accept()
                await obey(connection)

    async def _tell(self, connection: AcceptedConnection, content: Any, *, accepts: bool = True) -> None:
        """Sends ``content`` as JSON unless it is None, and closes."""
        if accepts:
            await connection.accept()
        if content is not None:
            await connection.send_frame(text(json.dumps(content)))
        await self._close(connection)

    async def _close(self, connection: AcceptedConnection) -> None:
        if not connection.over:
            await connection.send_frame(close(None))
            await connection.comes_true(lambda: connection.over, self._spec.settings.answer)
        connection.close_tcp()

    # The loop

    def _case(self, query: dict[str, str]) -> tuple[Case | OwnCase, int]:
        """Returns the case that a request names, and its place. Raises BadRequest."""
        if "casetuple" in query:
            number = query["casetuple"].strip()
            for index, case in enumerate(self._cases, 1):
                if case.number == number:
                    return case, index
            raise BadRequest(f"no case of this run has the number {number!r}")
        try:
            index = int(query["case"])
        except KeyError:
            raise BadRequest("it names no case: case=1 or casetuple=1.1.1 is missing") from None
        except ValueError:
            raise BadRequest(f"case {query['case']!r} is no number") from None
        if not 1 <= index <= len(self._cases):
            raise BadRequest(f"case {index} is not there: the cases are 1 to {len(self._cases)}")
        return self._cases[index - 1], index

    async def _run_case(self, connection: AcceptedConnection) -> None:
        query = connection.request.query
        case, index = self._case(query)
        agent = _agent(query)
        if is_excluded(agent, case.number, self._spec.excluded_for):
            return await self._tell(connection, None)
        if isinstance(case, OwnCase):
            assert self._own is not None
            return self._keep(await self._own.run(case, index, agent, connection))
        settings, recording = self._spec.settings, connection.recording
        recording.name = agent
        connection.deadline = max(settings.opening, case.limit * settings.scale)
        offered = connection.request.value("Sec-WebSocket-Extensions")
        agreed = answer(case.compression, offered) if case.compression else None
        header, coders = agreed or (None, None)
        await connection.accept(
            subprotocol=self._subprotocol(connection.request),
            headers=[("Server", "wstest")],
            extensions=header,
            inflate=coders.inflater if coders else None,
        )
        if case.timed and isinstance(recording, WireLog):
            recording.leave_out("frames are left out: the case is about speed")
        run = Run(case, connection, settings, coders.deflater if coders else None)
        observed = await run()
        observed.started = observed.started or time.time()
        verdict = judge(case, observed, Role.SERVER)
        result = Result(agent, described(case, index), verdict, observed, recording, is_server=True)
        return self._keep(result)

    def _keep(self, result: Result) -> None:
        self._results.add(result)
        self._progress.done(result)

    def _subprotocol(self, request: ClientRequest) -> str | None:
        return next((name for name in request.subprotocols if name in self._spec.protocols), None)

    async def _update_reports(self, connection: AcceptedConnection) -> None:
        query = connection.request.query
        await connection.accept()
        write_reports(self._results, self._spec.outdir)
        self.has_reported = True
        self._progress.say(f"reports written to {self._spec.outdir}")
        await self._tell(connection, None, accepts=False)
        if query.get("shutdownOnComplete", "").lower() in ("true", "yes"):
            self.stop()

    async def _serve_page(self, connection: AcceptedConnection) -> None:
        """Answers a browser: the page that drives it through the loop."""
        path = connection.request.path
        if path not in ("/", "/index.html", "/test_browser.html"):
            return await connection.reject(404, body="not found")
        assert self._spec.endpoint is not None
        headers = [("Content-Type", "text/html; charset=utf-8")]
        await connection.reject(200, headers=headers, body=page(self._spec.endpoint.secure, self.port))
        return None


def _agent(query: dict[str, str]) -> str:
    if not query.get("agent"):
        raise BadRequest("it names no agent: agent=NAME is missing")
    return query["agent"]


def _server_context(spec: Spec) -> ssl.SSLContext:
    if not spec.certificate or not spec.key:
        raise SpecError(
            "wss needs a certificate and its key: 'cert' and 'key' of the spec file, or -c and -k"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(spec.certificate, spec.key)
    except (OSError, ssl.SSLError) as error:
        raise SpecError(f"{spec.certificate}, {spec.key}: {error.strerror or error}") from None
    return context
