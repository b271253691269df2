const { createRequire } = require("module");
const http = require("http").createServer((request, response) => response.writeHead(404).end());

const { Server } = createRequire(process.argv[2] + "/x.js")("socket.io");
new Server(http).on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
http.listen(0, "127.0.0.1", () =>
  console.log(`ws://127.0.0.1:${http.address().port}/socket.io/?EIO=4&transport=websocket`),
);
