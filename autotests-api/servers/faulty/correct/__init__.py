"""The correct echo server on plain asyncio, in small methods, so that a fault can replace exactly one."""

from servers.faulty.correct.connection import Connection
from servers.faulty.correct.server import EchoServer

__all__ = ["Connection", "EchoServer"]
