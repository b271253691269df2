"""The client of the lesson: sends messages to a WebSocket server and prints the replies.

python -m websocket_client [url] [message ...]
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from pytest_websocket.client import DEFAULT_URL, ExpectationFailed, connect
from pytest_websocket.text import preview, printable

DEFAULT_MESSAGE = "Привет, сервер!"


async def talk(url: str, messages: Sequence[str]) -> None:
    """Sends each message and prints the reply to it."""
    async with connect(url) as client:
        for message in messages:
            print(f"Отправка: {printable(message)}", flush=True)
            reply = await client.ask(message)
            shown = printable(reply) if isinstance(reply, str) else preview(reply)
            print(f"Ответ от сервера: {shown}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when all messages were answered, 1 when not, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m websocket_client",
        description="Send messages to a WebSocket server and print the replies.",
    )
    parser.add_argument("url", nargs="?", default=DEFAULT_URL, help="where to connect (%(default)s)")
    parser.add_argument("messages", nargs="*", metavar="message", help=f"what to send ({DEFAULT_MESSAGE})")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(talk(options.url, options.messages or [DEFAULT_MESSAGE]))
    except ExpectationFailed as failure:
        print(f"websocket_client: {failure.headline}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
