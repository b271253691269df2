"""Servers that do with a request or a frame what they should not."""

from __future__ import annotations

import asyncio
import json
import os
import re
import traceback
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pytest_websocket.protocol.frames import Header
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.request import Refusal, Request
from verification.weak_servers.registry import Strong, weakness

CANARY = "test_request_makes_the_server_connect_nowhere"
COSTS = "test_time_for_a_handshake_grows_no_faster_than_its_length"


class Connecting(Strong):
    """Connects where a request says, before it answers."""

    async def read_request(self) -> Request:
        request = await super().read_request()
        host, _, port = self.inner_address(request).partition(":")
        if port.isdecimal():
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
        return request

    def inner_address(self, request: Request) -> str:
        """Returns the address that the request names; empty where it names none."""
        raise NotImplementedError


@weakness(f"{CANARY}[an absolute URI]")
class FetchesAbsoluteUris(Connecting):
    """Takes itself for a proxy."""

    def inner_address(self, request: Request) -> str:
        return urlsplit(request.target).netloc if "://" in request.target.partition("?")[0] else ""


@weakness(f"{CANARY}[a forwarded host]")
class TrustsTheForwardedHost(Connecting):
    """Asks the host that a header names."""

    def inner_address(self, request: Request) -> str:
        return next(iter(request.values("X-Forwarded-Host")), "")


@weakness("test_refusal_shows_no_stack_trace[no key]")
class ShowsItsStack(Strong):
    """Answers a refusal with the stack trace of its exception."""

    def refuse(self, refusal: Refusal) -> None:
        if refusal.status >= 400:
            frames = "".join(traceback.format_tb(refusal.__traceback__))
            refusal.reason = f"Traceback (most recent call last):\n{frames}"
        super().refuse(refusal)


@weakness("test_handshake_writes_no_header_into_the_answer[CR LF in the query]")
class WritesTheQueryIntoAHeader(Strong):
    """Repeats a parameter, decoded, in a header of the answer."""

    def response_fields(self, request: Request) -> list[tuple[str, str]]:
        place = unquote(urlsplit(request.target).query)
        return [*super().response_fields(request), ("X-Next", place)]


@weakness("test_path_leads_to_no_file_of_the_server[encoded slashes]")
class ReadsTheFileOfAPath(Strong):
    """Answers a request that is no handshake with the file that its path names, decoded once."""

    def judge(self, request: Request) -> None:
        path = Path(os.path.normpath("/srv/app" + unquote(request.target)))
        if "%2f" in request.target and path.is_file():
            raise Refusal(404, path.read_text())
        super().judge(request)


@weakness(f"{COSTS}[octal escapes in a cookie]")
class BacktracksOverCookies(Strong):
    """Reads cookies by a pattern whose time grows with the square of their length."""

    head_limit = 1 << 20

    def judge(self, request: Request) -> None:
        for cookie in request.values("Cookie"):
            re.search(r"(?:\\\d)+$x", cookie)
        super().judge(request)


@weakness("test_upgrade_at_another_place_does_not_stop_the_server[a path that is not there]")
class StopsAtAnUnknownPath(Strong):
    """Raises where no route fits, and nothing catches it."""

    def judge(self, request: Request) -> None:
        if request.target.startswith("/no/"):
            self.stop_server()
        super().judge(request)


@weakness("test_frame_that_breaks_the_protocol_does_not_stop_the_server[RSV2 and RSV3]")
class StopsAtReservedBits(Strong):
    """Raises at a frame with reserved bits, and nothing catches it."""

    def check_header(self, header: Header) -> None:
        if header.rsv2 or header.rsv3:
            self.stop_server()
        super().check_header(header)


@weakness("test_message_that_no_parser_expects_does_not_stop_the_server[a deep list]")
class StopsAtDeepJson(Strong):
    """Parses JSON, and catches what is wrong with it, but for its depth."""

    def reply_to(self, message: Message) -> Message:
        if isinstance(message, str):
            try:
                json.loads(message)
            except ValueError:
                pass
            except RecursionError:
                self.stop_server()
        return super().reply_to(message)


@weakness("test_ended_connections_use_nothing_up[resets after the handshake]")
class KeepsADescriptorOfEachConnection(Strong):
    """Copies the socket of each connection, and never closes the copy."""

    def answer_request(self, request: Request) -> bytes:
        os.dup(self.writer.get_extra_info("socket").fileno())
        return super().answer_request(request)


@weakness("test_message_of_128_mebibytes_is_above_some_limit[in fragments]")
class HasNoLimit(Strong):
    """Collects a message of any size."""

    @property
    def limit(self) -> int:
        return 1 << 40
