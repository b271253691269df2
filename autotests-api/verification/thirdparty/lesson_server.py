from __future__ import annotations

import asyncio
from typing import Any

import websockets


async def echo(websocket: Any) -> None:
    async for message in websocket:
        print(f"Получено сообщение: {message}")
        await websocket.send(f"Сервер получил: {message}")


async def main() -> None:
    async with websockets.serve(echo, "localhost", 8765):
        print("WebSocket сервер запущен на ws://localhost:8765")
        await asyncio.Future()


asyncio.run(main())
