const { createRequire } = require("module");
const http = require("http").createServer((request, response) => response.writeHead(404).end());

const engine = createRequire(process.argv[2] + "/x.js")("engine.io").attach(http);
engine.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
http.listen(0, "127.0.0.1", () =>
  console.log(`ws://127.0.0.1:${http.address().port}/engine.io/?EIO=4&transport=websocket`),
);
