// Builds the page of finished results: node build.mjs RESULTS [--output FOLDER] [--status CODE]
//
// `allure generate` does not take the exit status of the run, and `allure run` reads only what turns up while a
// command of its own runs. Both are a few lines around the same library, and so is this.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { AllureReport, readConfig } from "@allurereport/core";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { output: { type: "string" }, status: { type: "string", default: "" } },
});
// allurerc.mjs looks there for the names of the runs.
process.env.ALLURE_RESULTS = positionals[0];

const config = await readConfig(process.cwd(), undefined, { output: values.output });
const report = new AllureReport(config);
await report.start();
await report.readDirectory(positionals[0]);
const tests = await report.store.allTestResults({ includeRetries: false });
const isRed = tests.some(({ status }) => status === "failed" || status === "broken");
report.realtimeDispatcher.sendGlobalExitCode({ original: Number(values.status || isRed) });
await report.done();

// Every run is in the page again as long as the history lasts, and half of it would be labels that nobody reads.
// A page that is built once more of the same results is no run.
const history = readFileSync(config.historyPath, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
const latest = ({ testResults }) => Object.values(testResults).reduce((last, { stop }) => Math.max(last, stop), 0);
const entry = history.at(-1);
for (const [test, result] of Object.entries(entry.testResults)) {
  result.labels = [];
  // An id that is made of two that the page has anyway: those of Allure are 16 random bytes for each test and run.
  result.id = `${test.slice(0, 32)}-${entry.uuid}`;
}
const kept = history.filter((other) => other === entry || latest(other) !== latest(entry));
writeFileSync(config.historyPath, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
