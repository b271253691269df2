"""A Bokeh server that allows the origin app.example."""

from __future__ import annotations

from bokeh.server.server import Server
from bokeh.util.token import generate_jwt_token, generate_session_id

server = Server(
    {"/app": lambda document: None}, port=0, address="127.0.0.1", allow_websocket_origin=["app.example"]
)
server.start()
token = generate_jwt_token(generate_session_id(), expiration=3600)
print(f"ws://127.0.0.1:{server.port}/app/ws --ws-subprotocol=bokeh --ws-subprotocol={token}", flush=True)
server.io_loop.start()
