const { createRequire } = require("module");
const http = require("http").createServer((request, response) => response.writeHead(404).end());

const sockjs = createRequire(process.argv[2] + "/x.js")("sockjs").createServer({ log: () => {} });
sockjs.on("connection", (client) => client && client.on("data", (data) => client.write(data)));
sockjs.installHandlers(http, { prefix: "/echo" });
http.listen(0, "127.0.0.1", () => console.log(`ws://127.0.0.1:${http.address().port}/echo/websocket`));
