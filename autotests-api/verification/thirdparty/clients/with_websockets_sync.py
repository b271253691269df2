"""An echo client on websockets (threads)."""

from __future__ import annotations

import json
import sys

from websockets.sync.client import connect

with connect(sys.argv[1], max_size=None, ping_interval=None) as connection:
    try:
        for message in connection:
            connection.send(message)
    finally:
        told = {"event": "close", "code": connection.close_code, "reason": connection.close_reason}
        print(json.dumps(told))
