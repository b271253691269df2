"""The opening handshake of a correct client (RFC 6455 §4.1), each rule in a method of its own."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import zlib

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Headers = list[tuple[str, str]]


class NotOpened(Exception):
    """The server's answer opens no connection (RFC 6455 §4.1)."""


class Ended(Exception):
    """TCP has ended."""


class Opening:
    """Opens a connection, and agrees on permessage-deflate where the server takes the offer."""

    offers = True
    longest_head = 256 << 10

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.buffer = b""
        self.key = ""
        self.deflate = False
        self.parameters: dict[str, str] = {}

    def new_key(self) -> str:
        """Returns a fresh Sec-WebSocket-Key."""
        return base64.b64encode(os.urandom(16)).decode()

    def resource(self, path: str, query: str) -> str:
        """Returns what the request line asks for."""
        return (path or "/") + (f"?{query}" if query else "")

    def request_line(self, resource: str) -> str:
        """Returns the first line of the request."""
        return f"GET {resource} HTTP/1.1"

    def headers(self, host: str) -> Headers:
        """Returns the headers of the request."""
        headers = [
            ("Host", host),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", self.key),
            ("Sec-WebSocket-Version", "13"),
        ]
        if self.offers:
            headers.append(("Sec-WebSocket-Extensions", self.offer()))
        return headers

    def offer(self) -> str:
        """Returns the extensions that are offered."""
        return "permessage-deflate; client_max_window_bits"

    def open(self, host: str, path: str, query: str) -> None:
        """Does the opening handshake. Raises NotOpened."""
        self.key = self.new_key()
        lines = [self.request_line(self.resource(path, query))]
        lines += [f"{name}: {value}" for name, value in self.headers(host)]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = self.read_head()
        status_line, *rest = head.decode("latin-1").split("\r\n")
        self.check_http(status_line)
        self.check_status(status_line)
        answer: dict[str, list[str]] = {}
        for line in self.unfold(rest):
            name, _, value = line.partition(":")
            answer.setdefault(name.lower(), []).append(value.strip(" \t"))
        self.check_upgrade(", ".join(answer.get("upgrade", [])))
        self.check_connection(", ".join(answer.get("connection", [])))
        self.check_accept(answer.get("sec-websocket-accept", []))
        self.check_subprotocol(", ".join(answer.get("sec-websocket-protocol", [])))
        self.negotiate(", ".join(answer.get("sec-websocket-extensions", [])))

    def read_head(self) -> bytes:
        """Returns the head of the answer; what comes after it stays in the buffer."""
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > self.longest_head:
                raise NotOpened("the head is too long")
            self.receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head

    def unfold(self, lines: list[str]) -> list[str]:
        """Returns the headers, each on a line: one that begins with white space continues the one before."""
        headers: list[str] = []
        for line in lines:
            if line[:1] in (" ", "\t") and headers:
                headers[-1] += " " + line.strip(" \t")
            else:
                headers.append(line)
        return headers

    def check_http(self, line: str) -> None:
        """Checks that the answer is HTTP."""
        if not line.startswith("HTTP/1.1 "):
            raise NotOpened(line)

    def check_status(self, line: str) -> None:
        """Checks that the status is 101."""
        if line.split()[1:2] != ["101"]:
            raise NotOpened(line)

    def check_upgrade(self, value: str) -> None:
        """Checks that Upgrade is websocket, in any case."""
        if value.lower() != "websocket":
            raise NotOpened(value)

    def check_connection(self, value: str) -> None:
        """Checks that Connection has the token Upgrade, in any case."""
        if "upgrade" not in (token.strip().lower() for token in value.split(",")):
            raise NotOpened(value)

    def expected_accept(self) -> str:
        """Returns the value that belongs to the key."""
        return base64.b64encode(hashlib.sha1((self.key + GUID).encode()).digest()).decode()

    def check_accept(self, values: list[str]) -> None:
        """Checks that Sec-WebSocket-Accept is there once and belongs to the key."""
        if values != [self.expected_accept()]:
            raise NotOpened(str(values))

    def check_subprotocol(self, value: str) -> None:
        """Checks that no subprotocol is chosen, as none was offered."""
        if value:
            raise NotOpened(value)

    def negotiate(self, value: str) -> None:
        """Takes the extensions of the answer; refuses what was not offered (RFC 7692 §7.1)."""
        if not value:
            return
        name, *parameters = [part.strip() for part in value.split(";")]
        self.check_extension(name)
        for parameter in parameters:
            self.check_parameter(*parameter.partition("=")[::2])
        self.deflate = True
        client, server = -self.bits("client"), -self.bits("server")
        self.deflater = zlib.compressobj(wbits=client)
        self.inflater = zlib.decompressobj(wbits=server)

    def check_extension(self, name: str) -> None:
        """Checks that the extension is the one that was offered, once."""
        if name != "permessage-deflate" or not self.offers:
            raise NotOpened(name)

    def check_parameter(self, name: str, value: str) -> None:
        """Checks that the parameter is defined, legal and not repeated."""
        if name in self.parameters:
            raise NotOpened(name)
        self.parameters[name] = value
        flags = ("server_no_context_takeover", "client_no_context_takeover")
        if name in flags and not value:
            return
        bits = ("server_max_window_bits", "client_max_window_bits")
        if name in bits and value in ("8", "9", "10", "11", "12", "13", "14", "15"):
            return
        raise NotOpened(f"{name}={value}")

    def bits(self, side: str) -> int:
        """Returns the window that the answer leaves to a side."""
        return int(self.parameters.get(f"{side}_max_window_bits", "15"))

    def receive(self) -> None:
        """Reads more bytes. Raises Ended."""
        data = self.socket.recv(65536)
        if not data:
            raise Ended
        self.buffer += data
