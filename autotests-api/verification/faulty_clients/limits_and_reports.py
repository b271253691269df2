"""Clients that a server can stop, that ask wrongly by URL, and that tell their user something else."""

from __future__ import annotations

import base64
import os
import signal
import socket
import uuid
import zlib
from urllib.parse import SplitResult, urlsplit

from verification.faulty_clients.correct import TAIL, EchoClient, Frame
from verification.faulty_clients.opening import NotOpened
from verification.faulty_clients.registry import fault

URLS = "rfc6455/test_04_1_urls.py"
LIMITS = "rfc6455/test_10_4_limits.py"
TOLD = "rfc6455/test_07_1_close_told.py"


@fault("6455 3", caught_by=f"{URLS}::test_fragment_is_not_asked_for")
class AsksForTheFragment(EchoClient):
    """Puts the fragment of the URL into the request."""

    def run(self, url: str) -> int:
        self.fragment = urlsplit(url).fragment
        return super().run(url)

    def resource(self, path: str, query: str) -> str:
        return super().resource(path, query) + (f"#{self.fragment}" if self.fragment else "")


@fault("6455 4.1", caught_by=f"{URLS}::test_host_has_no_userinfo")
class SendsUserinfoInHost(EchoClient):
    """Puts the user's name and password into Host."""

    def host(self, parts: SplitResult) -> str:
        return parts.netloc


@fault("6455 4.1", caught_by=f"{URLS}::test_bits_of_the_key_do_not_stand_still")
class KeyIsUuid(EchoClient):
    """The key is a UUID, of which six bits are fixed."""

    def new_key(self) -> str:
        return base64.b64encode(uuid.uuid4().bytes).decode()


@fault("6455 4.1", caught_by=f"{URLS}::test_endless_redirects_are_given_up")
class FollowsForEver(EchoClient):
    """Follows redirects that lead to no end."""

    def open(self, host: str, path: str, query: str) -> None:
        self.location = ""
        try:
            super().open(host, path, query)
        except NotOpened:
            if not self.location:
                raise
            self.socket.close()
            parts = urlsplit(self.location)
            self.socket = socket.create_connection((parts.hostname or "", parts.port or 80))
            self.buffer = b""
            self.open(self.host(parts), parts.path, parts.query)

    def read_head(self) -> bytes:
        head = super().read_head()
        lines = head.decode("latin-1").split("\r\n")
        self.location = next((line[10:] for line in lines if line.lower().startswith("location: ")), "")
        return head


@fault("6455 4.1", caught_by=f"{URLS}::test_second_request_has_a_fresh_key")
class RepeatsTheKeyWhenRedirected(FollowsForEver):
    """Follows a redirect with the key of the first request."""

    def new_key(self) -> str:
        return self.key or super().new_key()


@fault(
    "6455 10.5",
    caught_by="rfc6455/test_10_5_redirects.py::test_credentials_are_not_sent_to_another_host_after_a_redirect",
)
class TakesCredentialsAlong(FollowsForEver):
    """Follows a redirect with the credentials that were for the first server."""

    def run(self, url: str) -> int:
        self.userinfo = urlsplit(url).netloc.rpartition("@")[0]
        return super().run(url)

    def headers(self, host: str) -> list[tuple[str, str]]:
        value = f"Basic {base64.b64encode(self.userinfo.encode()).decode()}"
        return super().headers(host) + ([("Authorization", value)] if self.userinfo else [])


@fault("6455 10.4", caught_by=f"{LIMITS}::test_head_without_end_is_given_up")
class ReadsAnyHead(EchoClient):
    """Reads the head of an answer, however long it is."""

    longest_head = 1 << 40


@fault("6455 10.4", caught_by=f"{LIMITS}::test_compression_bomb_ends_no_client")
class DiesOfBombs(EchoClient):
    """Is ended by a signal when a message inflates to more than eight megabytes, as by a lack of memory."""

    def inflate(self, data: bytes) -> bytes:
        content = zlib.decompressobj(wbits=-15).decompress(data + TAIL)
        if len(content) > 8 << 20:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().inflate(data)


@fault("6455 10.4", caught_by=f"{LIMITS}::test_length_that_no_memory_holds_ends_no_client")
class DiesOfLengths(EchoClient):
    """Is ended by a signal when a frame announces more than four gigabytes, as by a failed allocation."""

    def extended_length(self, size: int) -> int:
        length = super().extended_length(size)
        if length > 1 << 32:
            os.kill(os.getpid(), signal.SIGKILL)
        return length


@fault("6455 10.4", caught_by=f"{LIMITS}::test_window_that_does_not_exist_ends_no_client")
class DiesOfWindows(EchoClient):
    """Is ended by a signal when an answer names a window that does not exist, as by an uncaught error."""

    def negotiate(self, value: str) -> None:
        if "server_max_window_bits=16" in value:
            os.kill(os.getpid(), signal.SIGKILL)
        super().negotiate(value)


@fault("6455 10.4", caught_by=f"{LIMITS}::test_pings_whose_pongs_are_not_read_end_no_client")
class DiesOfPings(EchoClient):
    """Is ended by a signal after ten thousand Pings, as by a queue of Pongs that grows."""

    pings = 0

    def take(self, frame: Frame) -> None:
        self.pings += frame.opcode == 9
        if self.pings > 10_000:
            os.kill(os.getpid(), signal.SIGKILL)
        super().take(frame)


@fault("6455 10.4", caught_by=f"{LIMITS}::test_many_small_frames_end_no_client")
class DiesOfManyFragments(EchoClient):
    """Is ended by a signal after a thousand fragments of a message, as by a recursion."""

    def take(self, frame: Frame) -> None:
        super().take(frame)
        if len(self.parts) > 1000:
            os.kill(os.getpid(), signal.SIGSEGV)


@fault("6455 7.1.5", caught_by=f"{TOLD}::test_code_of_the_close_is_told")
class Tells1000(EchoClient):
    """Tells its user 1000 whatever the code is."""

    def tell_close(self, code: int, reason: str) -> None:
        super().tell_close(1000, reason)


@fault("6455 7.1.5", caught_by=f"{TOLD}::test_close_without_a_code_is_told")
class Tells1000ForNoCode(EchoClient):
    """Tells its user 1000 where the Close frame has no code."""

    def tell_close(self, code: int, reason: str) -> None:
        super().tell_close(1000 if code == 1005 else code, reason)


@fault("6455 7.1.5", caught_by=f"{TOLD}::test_end_of_tcp_is_told")
class TellsTheEndOfTcpAs1000(EchoClient):
    """Tells its user 1000 where no Close frame came."""

    def tell_close(self, code: int, reason: str) -> None:
        super().tell_close(1000 if code == 1006 else code, reason)


@fault("6455 7.1.6", caught_by=f"{TOLD}::test_reason_of_the_close_is_told")
class TellsNoReason(EchoClient):
    """Tells its user no reason."""

    def tell_close(self, code: int, reason: str) -> None:
        super().tell_close(code, "")
