const { createRequire } = require("module");
const http = require("http").createServer((request, response) => response.writeHead(404).end());

const WebSocket = createRequire(process.argv[2] + "/x.js")("faye-websocket");
http.on("upgrade", (request, socket, body) => {
  const client = new WebSocket(request, socket, body);
  client.on("message", (event) => client.send(event.data));
  client.on("error", () => {});
});
http.listen(0, "127.0.0.1", () => console.log(`ws://127.0.0.1:${http.address().port}`));
