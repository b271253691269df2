// How Allure 3 builds the page.
import { existsSync, readdirSync, readFileSync } from "node:fs";

const RESULTS = "allure-results";

// Several runs on one page, each under the name that REPORT_ENVIRONMENT gave it (report/environment.py).
const runs = () => {
  const names = new Set();
  for (const file of existsSync(RESULTS) ? readdirSync(RESULTS) : []) {
    if (!file.endsWith("-result.json")) continue;
    const { labels = [] } = JSON.parse(readFileSync(`${RESULTS}/${file}`, "utf8"));
    labels.filter(({ name }) => name === "environment").forEach(({ value }) => names.add(value));
  }
  return [...names].sort();
};

const environmentOf = (run) => ({
  name: run,
  matcher: ({ labels }) => labels.some(({ name, value }) => name === "environment" && value === run),
});

export default {
  name: "WebSocket API autotests",
  output: "allure-report",
  historyPath: "history/history.jsonl",
  historyLimit: 10,
  hideLabels: ["host", "thread", "framework", "language", "package", "environment"],
  environments: Object.fromEntries(runs().map((run) => [run.replace(/[^\w-]+/g, "_"), environmentOf(run)])),
  defaultLabels: { severity: "normal" },
  qualityGate: { rules: [{ id: "nothing is red", maxFailures: 0 }] },
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
