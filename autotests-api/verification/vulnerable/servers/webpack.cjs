const fs = require("fs");
const os = require("os");
const path = require("path");
const { createRequire } = require("module");
const load = createRequire(process.argv[2] + "/x.js");

const root = fs.mkdtempSync(path.join(os.tmpdir(), "webpack-"));
fs.writeFileSync(path.join(root, "index.js"), "");
process.on("exit", () => fs.rmSync(root, { recursive: true, force: true }));
process.on("SIGTERM", () => process.exit());
const compiler = load("webpack")({
  context: root,
  entry: "./index.js",
  mode: "development",
  output: { path: root },
  infrastructureLogging: { level: "none" },
  stats: "none",
});
const Server = load("webpack-dev-server");
const server = new Server({ host: "127.0.0.1", port: "auto", static: false }, compiler);
server.start().then(() => {
  const address = `127.0.0.1:${server.server.address().port}`;
  const origin = `http://${address}`;
  console.log(`ws://${address}/ws --ws-origin=${origin} --ws-allowed-origin=${origin}`);
});
