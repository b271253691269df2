import asyncio

import websockets


async def echo(websocket):
    async for message in websocket:
        print(f"Получено сообщение: {message}")
        await websocket.send(f"Сервер получил: {message}")


async def main():
    async with websockets.serve(echo, "localhost", 8765):
        print("WebSocket сервер запущен на ws://localhost:8765")
        await asyncio.Future()


asyncio.run(main())
