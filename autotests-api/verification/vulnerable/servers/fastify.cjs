const { createRequire } = require("module");
const load = createRequire(process.argv[2] + "/x.js");

const app = load("fastify")();
app.register(load("@fastify/websocket"));
app.register(async (routes) => {
  routes.get("/", { websocket: true }, (connection) =>
    connection.socket.on("message", (data, isBinary) => connection.socket.send(data, { binary: isBinary })),
  );
});
app.listen({ port: 0, host: "127.0.0.1" }).then(() =>
  console.log(`ws://127.0.0.1:${app.server.address().port}`),
);
