// How Allure 3 builds the page. A plain object: it is read with or without node_modules beside it.
export default {
  name: "WebSocket API autotests",
  output: "allure-report",
  historyPath: "history/history.jsonl",
  historyLimit: 10,
  hideLabels: ["host", "thread", "framework", "language", "package"],
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
