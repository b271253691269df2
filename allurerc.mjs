// How Allure 3 builds the page.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";

// Several runs on one page, each under the name that REPORT_ENVIRONMENT gave it (pytest_websocket/plugin/environment.py).
const results = process.env.ALLURE_RESULTS ?? "allure-results";
const folder = `${results}/targets`;
const runs = (existsSync(folder) ? readdirSync(folder).sort() : []).map((file) => ({
  id: file.replace(/\.json$/, "").replace(/[^A-Za-z0-9]+/g, "_"),
  ...JSON.parse(readFileSync(`${folder}/${file}`, "utf8")),
}));

// A history of its own for each target and selection: what two servers do is no change of one.
const overviews = existsSync(`${results}/overview`) ? readdirSync(`${results}/overview`).sort() : [];
const histories = overviews
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(`${results}/overview/${file}`, "utf8")).history);
const several = `several-${createHash("md5").update(histories.join()).digest("hex").slice(0, 8)}`;
const history = histories.length > 1 ? several : (histories[0] ?? "history");

const environmentOf = ({ name: run, facts }) => ({
  name: run,
  matcher: ({ labels }) => labels.some(({ name, value }) => name === "environment" && value === run),
  variables: facts,
});

// What is the same in all runs stands once, and the rest once for each.
const common = () => {
  const names = [...new Set(runs.flatMap(({ facts }) => Object.keys(facts)))];
  const entries = names.flatMap((fact) => {
    const values = runs.map(({ facts }) => facts[fact] ?? "–");
    if (new Set(values).size === 1) return [[fact, values[0]]];
    return runs.map(({ name }, index) => [`${fact} · ${name}`, values[index]]);
  });
  return Object.fromEntries(entries);
};

// Whose fault it is, the first that fits. Messages are those of plugin/outcomes.py, liveness.py and known_failures.py.
const categories = [
  { name: "The target is down", matchers: { message: /target (is|went) down|does not serve/ }, groupByMessage: true },
  // A fixture that cannot connect is broken in Allure's words, and it is not the fixture's fault.
  { name: "No WebSocket was opened", matchers: { message: /did not open|the opening handshake was refused/ } },
  {
    name: "The server's own frames break the protocol",
    matchers: { message: /broke the protocol in what it sent|closed by the client with 1002/ },
  },
  {
    name: "Our own tools broke",
    matchers: [{ statuses: ["broken"] }, { statuses: ["failed"], labels: { epic: "Our own tools" } }],
    groupByMessage: true,
  },
  { name: "Known failure", matchers: { statuses: ["skipped"], message: /^XFAIL known failure/ }, groupByMessage: true },
  {
    name: "Broken MUST",
    matchers: { statuses: ["failed"], labels: { level: "MUST" } },
    groupBy: [{ label: "rfc" }],
    expand: true,
  },
  {
    name: "Deviation from SHOULD",
    matchers: [
      { statuses: ["failed"], labels: { level: "SHOULD" } },
      { statuses: ["skipped"], message: /^XFAIL RFC/ },
    ],
    groupBy: [{ label: "rfc" }],
  },
  { name: "Neither way of a MAY", matchers: { statuses: ["failed"], labels: { level: "MAY" } } },
  { name: "Broken contract", matchers: { statuses: ["failed"], labels: { epic: "Echo contract" } } },
  { name: "Other failure", matchers: { statuses: ["failed"] }, groupByMessage: true },
  { name: "Not applicable to this target", matchers: { statuses: ["skipped"] }, groupByMessage: true },
];

const inMilliseconds = (title) => ({ title, unit: "ms", better: "lower", group: "ws" });

export default {
  name: "WebSocket API autotests",
  output: "allure-report",
  historyPath: `history/${history}.jsonl`,
  historyLimit: 5,
  hideLabels: ["host", "thread", "framework", "language", "package", "environment", "parentSuite", "suite"],
  environments: Object.fromEntries(runs.map((run) => [run.id, environmentOf(run)])),
  variables: common(),
  defaultLabels: { severity: "normal" },
  categories,
  performance: {
    groups: { ws: { title: "WebSocket" } },
    metrics: {
      "ws.round_trip.p50": inMilliseconds("Round trip, median"),
      "ws.round_trip.p95": inMilliseconds("Round trip, p95"),
      "ws.round_trip.max": inMilliseconds("Round trip, longest"),
      "ws.connect.p50": inMilliseconds("Connect, median"),
      "ws.connect.p95": inMilliseconds("Connect, p95"),
      "ws.connect.max": inMilliseconds("Connect, longest"),
    },
  },
  plugins: {
    awesome: {
      options: {
        singleFile: true,
        reportLanguage: "en",
        groupBy: ["epic", "feature", "story"],
      },
    },
  },
};
