"""The echo server of the lesson. Start it with ``python -m websocket_server``, stop it with Ctrl+C."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from websockets.asyncio.server import ServerConnection

from pytest_websocket.server.program import run, show


async def answer(connection: ServerConnection) -> None:
    """Prints every message of one client and answers it."""
    async for message in connection:
        show("Получено сообщение: %s", message)
        await connection.send(reply_to(message))


def reply_to(message: str | bytes) -> str | bytes:
    """Returns the answer to ``message``: text to text, bytes to bytes."""
    if isinstance(message, str):
        return f"Сервер получил: {message}"
    return "Сервер получил: ".encode() + message


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the server until Ctrl+C or SIGTERM; returns the exit status."""
    return run(
        answer,
        description="WebSocket echo server: answers every message with «Сервер получил: » and the message. "
        "Ctrl+C or SIGTERM stops it.",
        started="WebSocket сервер запущен на ws://%s",
        argv=argv,
    )


if __name__ == "__main__":
    sys.exit(main())
