"""An echo client on picows, which hands out frames.

Messages are put together, and text is decoded, here.
"""

from __future__ import annotations

import asyncio
import json
import sys

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect


class Echo(WSListener):
    def __init__(self) -> None:
        self.kind = WSMsgType.CONTINUATION
        self.parts = b""
        self.code = 1006

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            code, reason = frame.get_close_code(), frame.get_close_message() or b""
            self.code = int(code) or 1005
            print(json.dumps({"event": "close", "code": self.code, "reason": reason.decode()}))
            transport.send_close(code, reason)
            transport.disconnect()
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            is_first = frame.msg_type != WSMsgType.CONTINUATION
            if is_first == (self.kind != WSMsgType.CONTINUATION):
                transport.send_close(WSCloseCode.PROTOCOL_ERROR)
                return transport.disconnect()
            if is_first:
                self.kind = frame.msg_type
            self.parts += frame.get_payload_as_bytes()
            if frame.fin:
                if self.kind == WSMsgType.TEXT and not is_utf8(self.parts):
                    transport.send_close(WSCloseCode.INVALID_TEXT)
                    return transport.disconnect()
                transport.send(self.kind, self.parts)
                self.kind, self.parts = WSMsgType.CONTINUATION, b""
        return None


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


async def echo(url: str) -> int:
    transport, listener = await ws_connect(Echo, url, max_frame_size=1 << 26)
    await transport.wait_disconnected()
    return int(listener.code)


sys.exit(asyncio.run(echo(sys.argv[1])) not in (1000, 1005))
