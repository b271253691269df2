const fs = require("fs");
const os = require("os");
const path = require("path");
const { createRequire } = require("module");

const root = fs.mkdtempSync(path.join(os.tmpdir(), "vite-"));
fs.writeFileSync(path.join(root, "index.html"), "<p>x</p>");
process.on("exit", () => fs.rmSync(root, { recursive: true, force: true }));
process.on("SIGTERM", () => process.exit());
const file = createRequire(process.argv[2] + "/x.js").resolve("vite/package.json");
import(path.join(path.dirname(file), "dist/node/index.js")).then(async (vite) => {
  const options = { host: "127.0.0.1", port: 0 };
  const server = await vite.createServer({ root, configFile: false, logLevel: "silent", server: options });
  await server.listen();
  const address = `127.0.0.1:${server.httpServer.address().port}`;
  console.log(`ws://${address}/ --ws-subprotocol=vite-hmr --ws-allowed-origin=http://${address}`);
});
