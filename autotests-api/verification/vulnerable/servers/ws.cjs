const { createRequire } = require("module");
const { Server } = createRequire(process.argv[2] + "/x.js")("ws");

const server = new Server({ port: 0, host: "127.0.0.1" }, () =>
  console.log(`ws://127.0.0.1:${server._server.address().port}`),
);
server.on("connection", (client) => {
  client.on("error", () => {});
  client.on("message", (data, isBinary) =>
    client.send(data, { binary: isBinary === undefined ? typeof data !== "string" : isBinary }),
  );
});
