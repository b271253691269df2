"""The correct echo server on plain asyncio, in small methods, so that a fault can replace exactly one."""

from verification.faulty_servers.correct.connection import Connection
from verification.faulty_servers.correct.server import EchoServer

__all__ = ["Connection", "EchoServer"]
