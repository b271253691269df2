"""An echo client on websocket-client."""

from __future__ import annotations

import json
import sys

import websocket

connection = websocket.create_connection(sys.argv[1])
while True:
    opcode, data = connection.recv_data()
    if opcode == websocket.ABNF.OPCODE_CLOSE:
        code = int.from_bytes(data[:2], "big") if data else 1005
        print(json.dumps({"event": "close", "code": code, "reason": data[2:].decode()}))
        break
    connection.send(data, opcode)
connection.shutdown()
