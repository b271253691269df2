// An echo server on ws for Node, as its documentation writes one.

import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096, perMessageDeflate: true });

server.on("connection", (connection) => {
  connection.on("error", () => {});
  connection.on("message", (data, isBinary) => connection.send(data, { binary: isBinary }));
});

server.on("listening", () => console.log(`ws://127.0.0.1:${server.address().port}`));
