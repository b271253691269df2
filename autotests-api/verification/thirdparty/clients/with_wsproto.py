"""An echo client on wsproto, which offers permessage-deflate."""

from __future__ import annotations

import json
import socket
import sys
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    Request,
)
from wsproto.extensions import PerMessageDeflate

url = urlsplit(sys.argv[1])
protocol = WSConnection(ConnectionType.CLIENT)
target = (url.path or "/") + (f"?{url.query}" if url.query else "")
tcp = socket.create_connection((url.hostname, url.port))
request = Request(host=url.netloc.rpartition("@")[2], target=target, extensions=[PerMessageDeflate()])
tcp.sendall(protocol.send(request))
parts: list[str | bytes] = []
closed = False
while not closed:
    data = tcp.recv(65536)
    protocol.receive_data(data or None)
    for event in protocol.events():
        match event:
            case AcceptConnection():
                pass
            case Ping():
                tcp.sendall(protocol.send(event.response()))
            case Message():
                parts.append(event.data)
                if event.message_finished:
                    whole = type(event)(data=type(event.data)().join(parts))
                    parts.clear()
                    tcp.sendall(protocol.send(whole))
            case CloseConnection():
                print(json.dumps({"event": "close", "code": int(event.code), "reason": event.reason or ""}))
                if data:
                    tcp.sendall(protocol.send(event.response()))
                closed = True
            case RejectConnection():
                sys.exit(f"rejected with {event.status_code}")
