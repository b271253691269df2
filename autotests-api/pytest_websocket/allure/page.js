// Runs in the finished report, before Allure's own script. What it undoes or adds is told in page.py.
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

  // Opened from disk, a blob belongs to nobody and cannot be measured; a srcdoc belongs to its page.
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
    if (!frame.hasAttribute("srcdoc")) frame.addEventListener("load", () => settle(frame));
    frame.srcdoc = page;
  };

  // Allure turns to the first test at once, and a small screen would begin below the outcome.
  const scrollTop = Object.getOwnPropertyDescriptor(Element.prototype, "scrollTop");
  let isTouched = false;
  for (const kind of ["pointerdown", "keydown", "wheel"]) {
    addEventListener(kind, () => (isTouched = true), { capture: true, passive: true, once: true });
  }
  Object.defineProperty(Element.prototype, "scrollTop", {
    ...scrollTop,
    set(top) {
      if (isTouched || location.hash.length > 1) scrollTop.set.call(this, top);
    },
  });

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

  // The conformance table, one click away from everywhere.
  window.showConformance = (page, words, short, isFit) => {
    addEventListener("DOMContentLoaded", () => {
      const dialog = document.createElement("dialog");
      dialog.className = "conformance";
      const frame = document.createElement("iframe");
      frame.title = "Conformance to the RFCs";
      frame.setAttribute("sandbox", "allow-same-origin allow-popups");
      frame.addEventListener("load", () => settle(frame));
      frame.srcdoc = page;
      const close = document.createElement("button");
      close.className = "conformance-close";
      close.textContent = "Close";
      close.addEventListener("click", () => dialog.close());
      dialog.append(close, frame);
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
      const open = document.createElement("button");
      open.className = `conformance-open ${isFit ? "fit" : "unfit"}`;
      open.textContent = words;
      open.dataset.short = short;
      open.title = words;
      open.addEventListener("click", () => {
        dialog.dataset.dark = isDark() ? "yes" : "no";
        dialog.showModal();
      });
      document.body.append(open, dialog);
    });
  };

  // The report's data came packed; Allure asks for it by name, in base64.
  window.unpackReport = async (index, packed) => {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const data = new Uint8Array(await new Response(stream).arrayBuffer());
    const places = new Map();
    let start = 0;
    for (const [name, length] of index) {
      places.set(name, [start, start + length]);
      start += length;
    }
    const encode = ([from, to]) => {
      let letters = "";
      for (let at = from; at < to; at += 32768) {
        letters += String.fromCharCode(...data.subarray(at, Math.min(at + 32768, to)));
      }
      return btoa(letters);
    };
    window.allureReportData = new Proxy(
      {},
      {
        has: (_, name) => places.has(name),
        get: (_, name) => (places.has(name) ? encode(places.get(name)) : undefined),
      },
    );
    window.allureReportDataReady = true;
  };
})();
