// An echo client on ws.
import { WebSocket } from "ws";

const connection = new WebSocket(process.argv[2], { maxPayload: 1 << 26 });
connection.on("message", (data, isBinary) => connection.send(data, { binary: isBinary }));
connection.on("error", () => {});
connection.on("close", (code, reason) => {
  console.log(JSON.stringify({ event: "close", code, reason: reason.toString() }));
  process.exitCode = code === 1000 || code === 1005 ? 0 : 1;
});
