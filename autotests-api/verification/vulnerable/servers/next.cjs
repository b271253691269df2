const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");
const load = createRequire(process.argv[2] + "/x.js");

const root = path.join(process.argv[2], "site");
fs.mkdirSync(path.join(root, "pages"), { recursive: true });
fs.writeFileSync(path.join(root, "pages", "index.js"), "export default function Page() { return 'x'; }\n");
fs.writeFileSync(path.join(root, "package.json"), "{}");
process.env.NEXT_TELEMETRY_DISABLED = "1";
const free = require("net").createServer().listen(0, "127.0.0.1", () => {
  const port = free.address().port;
  free.close(async () => {
    const { startServer } = load("next/dist/server/lib/start-server");
    await startServer({ dir: root, port, hostname: "127.0.0.1", isDev: true, allowRetry: false });
    console.log(`ws://127.0.0.1:${port}/_next/webpack-hmr?id=x`);
  });
});
