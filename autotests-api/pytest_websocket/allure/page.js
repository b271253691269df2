// Runs in the finished report, before Allure's own script; page.py says what for.
(() => {
  "use strict";

  const isDark = () => {
    const theme = document.documentElement.getAttribute("data-theme");
    return theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  };

  // A page shown in a frame: as tall as it is, in the report's theme, its links leading through the report.
  const settle = (frame) => {
    const inner = frame.contentDocument;
    if (!inner || !inner.body) return;
    const fit = () => {
      inner.documentElement.style.colorScheme = isDark() ? "dark" : "light";
      frame.style.height = `${Math.ceil(inner.body.getBoundingClientRect().height) + 2}px`;
    };
    new ResizeObserver(fit).observe(inner.body);
    inner.addEventListener("click", (event) => {
      const link = event.target.closest && event.target.closest('a[href^="#"]');
      if (!link) return;
      event.preventDefault();
      location.hash = link.getAttribute("href");
      document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    });
    fit();
  };

  // Opened from disk, a blob has no origin and cannot be measured; a srcdoc belongs to its page.
  const adopt = async (frame) => {
    const blob = frame.getAttribute("src");
    if (frame.dataset.blob === blob) return;
    frame.dataset.blob = blob;
    let page;
    try {
      page = await (await fetch(blob)).text();
    } catch {
      // Allure has made another blob of the page meanwhile, and that one will be seen as well.
      return;
    }
    if (!frame.hasAttribute("srcdoc")) {
      frame.addEventListener("load", () => {
        // The blob may be loaded last, though it was asked for first.
        if (frame.contentDocument) settle(frame);
        else frame.srcdoc = frame.getAttribute("srcdoc");
      });
    }
    frame.srcdoc = page;
  };

  // What went over the wire is what a reader opens first.
  const unfold = (header) => {
    if (header.dataset.unfolded) return;
    header.dataset.unfolded = "yes";
    const isConversation = /^\d*\s*(Conversation · |\d+ conversations)/.test(header.textContent);
    if (!isConversation || header.parentElement.childElementCount > 1) return;
    // Opened before Allure has painted it, the header takes over every dialog that is opened later.
    requestAnimationFrame(() => requestAnimationFrame(() => header.querySelector("button").click()));
  };

  new MutationObserver(() => {
    document.querySelectorAll('iframe[title="HTML attachment"][src]').forEach(adopt);
    document.querySelectorAll('[data-testid="test-result-attachment-header"]').forEach(unfold);
  }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] });

  // The page of all rules, one click away from everywhere.
  const rulesDialog = () => {
    const dialog = document.createElement("dialog");
    dialog.className = "rules";
    const head = document.createElement("header");
    head.append("All rules");
    const close = document.createElement("button");
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    head.append(close);
    const frame = document.createElement("iframe");
    frame.title = "All rules of the RFCs";
    frame.setAttribute("sandbox", "allow-same-origin allow-popups");
    frame.addEventListener("load", () => settle(frame));
    dialog.append(head, frame);
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    return { dialog, frame };
  };
  let rules;
  const openRules = async () => {
    rules ??= rulesDialog();
    rules.dialog.dataset.dark = isDark() ? "yes" : "no";
    rules.dialog.showModal();
    if (rules.frame.hasAttribute("srcdoc")) return;
    const page = await window.allureReportData["rules.html"];
    rules.frame.srcdoc = await (await fetch(`data:text/html;charset=utf-8;base64,${page}`)).text();
  };

  // On the page of a test the overview is one line.
  const showPlace = () => {
    document.body.dataset.place = /[0-9a-f]{32}/.test(location.hash) ? "test" : "home";
  };
  addEventListener("hashchange", showPlace);
  addEventListener("DOMContentLoaded", () => {
    showPlace();
    document.querySelectorAll("[data-rules]").forEach((button) => button.addEventListener("click", openRules));
  });
})();
