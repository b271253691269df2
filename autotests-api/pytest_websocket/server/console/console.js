"use strict";

const WORDS = {
  en: {
    title: "WebSocket console", address: "Address", connect: "Connect", disconnect: "Disconnect", cancel: "Cancel",
    options: "Subprotocols and closing", subprotocols: "Subprotocols to offer", closeCode: "Close code", closeReason: "Close reason",
    show: "Show", all: "All", sent: "Sent", received: "Received", search: "Find in messages", clear: "Clear",
    data: "Data", size: "Size", time: "Time", messages: "Messages", nothing: "Connect and send something: every message will appear here.",
    message: "Message", format: "As", text: "Text", hex: "Hex bytes", send: "Send", hintSend: "to send", hintLine: "for a new line",
    hintAgain: "for the last message", notHex: "Bytes in hexadecimal, for example: 48 65 6c 6c 6f", empty: "empty message",
    binary: "binary", copy: "Copy", copied: "Copied", cut: (shown, all) => `The first ${shown} of ${all}`,
    idle: "Not connected", connecting: "Connecting…", open: "Connected", closing: "Closing…", closed: "Closed", lost: "Connection lost",
    opened: (protocol, extensions) => `Connected: ${protocol}, ${extensions}`, protocol: (name) => `subprotocol ${name}`,
    noProtocol: "no subprotocol", noExtensions: "no extensions", ended: "Closed", failed: "The connection failed; the browser's console may say why",
    totals: { sent: "Sent", received: "Received" }, units: ["B", "kB", "MB"], dropped: "the oldest are not shown", codes: {
      1000: "done", 1001: "going away", 1002: "protocol error", 1003: "unsupported data", 1005: "no code", 1006: "no Close frame came",
      1007: "not UTF-8", 1008: "policy", 1009: "message too big", 1010: "extension missing", 1011: "server error", 1012: "restart", 1013: "try again later" },
  },
  ru: {
    title: "WebSocket-консоль", address: "Адрес", connect: "Подключиться", disconnect: "Отключиться", cancel: "Отменить",
    options: "Подпротоколы и закрытие", subprotocols: "Предлагаемые подпротоколы", closeCode: "Код закрытия", closeReason: "Причина закрытия",
    show: "Показать", all: "Все", sent: "Отправленные", received: "Полученные", search: "Найти в сообщениях", clear: "Очистить",
    data: "Данные", size: "Размер", time: "Время", messages: "Сообщения", nothing: "Подключитесь и отправьте что-нибудь: здесь появятся все сообщения.",
    message: "Сообщение", format: "Как", text: "Текст", hex: "Байты (hex)", send: "Отправить", hintSend: "отправить", hintLine: "новая строка",
    hintAgain: "последнее сообщение", notHex: "Байты в шестнадцатеричном виде, например: 48 65 6c 6c 6f", empty: "пустое сообщение",
    binary: "двоичное", copy: "Копировать", copied: "Скопировано", cut: (shown, all) => `Первые ${shown} из ${all}`,
    idle: "Нет соединения", connecting: "Подключение…", open: "Подключено", closing: "Закрытие…", closed: "Закрыто", lost: "Соединение потеряно",
    opened: (protocol, extensions) => `Подключено: ${protocol}, ${extensions}`, protocol: (name) => `подпротокол ${name}`,
    noProtocol: "без подпротокола", noExtensions: "без расширений", ended: "Закрыто", failed: "Соединение не удалось; причина может быть в консоли браузера",
    totals: { sent: "Отправлено", received: "Получено" }, units: ["Б", "кБ", "МБ"], dropped: "самые старые не показаны", codes: {
      1000: "завершено", 1001: "сторона уходит", 1002: "ошибка протокола", 1003: "данные не поддерживаются", 1005: "без кода", 1006: "кадр Close не пришёл",
      1007: "не UTF-8", 1008: "нарушено правило", 1009: "сообщение слишком велико", 1010: "нет расширения", 1011: "ошибка сервера", 1012: "перезапуск", 1013: "повторите позже" },
  },
};
const ROWS = 1000;          // rows kept: a flood must not eat the tab
const KEPT = 64 * 1024;     // bytes or characters kept of one message

const $ = (id) => document.getElementById(id);
const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
const entries = [];
const totals = { sent: [0, 0], received: [0, 0] };
let language = "en", say = WORDS.en, clock, numbers;
let socket = null, state = "idle", waiting = [], frame = 0, shownOnly = "", lastSent = "";

// What a server sends is data: it enters the page as text alone, and what would hide or turn the line
// around (controls, bidirectional overrides) is shown as a sign of its own.
const HIDDEN = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const AROUND_HIDDEN = new RegExp(`(${HIDDEN.source})`);
const SIGNS = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
function visible(text, keep = "") {
  if (!HIDDEN.test(text)) return text ? [text] : [];
  const nodes = text.split(AROUND_HIDDEN).map((piece) => {
    if (!HIDDEN.test(piece) || keep.includes(piece)) return piece;
    const code = piece.codePointAt(0);
    return make("span", "sign", SIGNS[piece] ?? (code < 256 ? "\\x" + hex(code) : "\\u" + hex(code, 4)));
  });
  return nodes.filter((node) => node !== "");
}
const hex = (number, digits = 2) => number.toString(16).padStart(digits, "0");
const hexOf = (bytes) => Array.from(bytes, (byte) => hex(byte)).join(" ");
function hexDump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const line = bytes.subarray(at, at + 16);
    const signs = Array.from(line, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${hex(at, 6)}  ${hexOf(line).padEnd(47)}  ${signs}`);
  }
  return lines.join("\n");
}
function sizeOf(bytes) {
  const power = Math.min(2, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return numbers[power].format(bytes / 1000 ** power) + "\u00a0" + say.units[power];
}

function addMessage(kind, data) {
  const binary = typeof data !== "string";
  const bytes = binary ? new Uint8Array(data) : new TextEncoder().encode(data);
  totals[kind][0] += 1;
  totals[kind][1] += bytes.length;
  // A slice of a string keeps the whole string alive; decoding anew does not.
  const kept = binary ? bytes.slice(0, KEPT) : data.length > KEPT ? new TextDecoder().decode(bytes.slice(0, KEPT)) : data;
  add({ kind, binary, kept, size: bytes.length });
}
function add(entry) {
  entry.at = new Date();
  waiting.push(entry);
  if (waiting.length > ROWS) waiting.shift();
  frame ||= requestAnimationFrame(flush);
}
function flush() {
  frame = 0;
  const log = $("log"), scroll = $("scroll");
  // Whoever reads further up stays there, until they send something.
  const follow = scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - 40 || waiting.some(({ kind }) => kind === "sent");
  entries.push(...waiting);
  log.querySelector(".nothing")?.remove();
  log.append(...waiting.map(rowOf));
  waiting = [];
  while (entries.length > ROWS) { entries.shift(); log.firstChild.remove(); }
  if (follow) scroll.scrollTop = scroll.scrollHeight;
  showTotals();
}
function redraw() {
  const rows = entries.map(rowOf);
  $("log").replaceChildren(...(rows.length ? rows : [make("li", "nothing", say.nothing)]));
  showTotals();
}
function showTotals() {
  const parts = ["sent", "received"].map((kind) => `${say.totals[kind]}: ${numbers[0].format(totals[kind][0])} · ${sizeOf(totals[kind][1])}`);
  if (totals.sent[0] + totals.received[0] > ROWS) parts.push(say.dropped);
  $("totals").replaceChildren(...parts.map((part) => make("span", "", part)));
}
function matches(entry) {
  const sought = $("search").value.toLowerCase();
  if (shownOnly && entry.kind !== shownOnly) return false;
  return !sought || textOf(entry).toLowerCase().includes(sought);
}
const textOf = (entry) => entry.words ? entry.words() : entry.binary ? hexOf(entry.kept) : entry.kept;

function rowOf(entry) {
  const row = make("li", entry.alarm ? `${entry.kind} alarm` : entry.kind);
  row.hidden = !matches(entry);
  const line = make(entry.words ? "div" : "summary", "row");
  const arrow = make("span", "arrow");
  const data = make("span", "data");
  if (entry.words) {
    data.append(...visible(entry.words()));
    row.append(line);
  } else {
    arrow.append($("arrow").content.cloneNode(true));
    data.append(make("span", "unseen", `${say[entry.kind]}: `));
    if (entry.binary) data.append(make("span", "tag", say.binary));
    if (entry.size === 0) data.append(make("span", "empty", say.empty));
    data.append(...visible(entry.binary ? hexOf(entry.kept.subarray(0, 64)) : entry.kept.slice(0, 400)));
    const details = make("details");
    details.append(line);
    details.addEventListener("toggle", () => {
      if (details.children.length === 1) details.append(wholeOf(entry));
      if (details.open) details.scrollIntoView({ block: "nearest" });
    });
    row.append(details);
  }
  const time = make("time", "", clock.format(entry.at));
  time.dateTime = entry.at.toISOString();
  line.append(arrow, data, make("span", "size", entry.words ? "" : sizeOf(entry.size)), time);
  return row;
}
function wholeOf(entry) {
  const whole = make("div", "whole");
  let text = entry.binary ? hexDump(entry.kept) : entry.kept;
  if (!entry.binary && /^\s*[[{]/.test(text)) {
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it came */ }
  }
  const pre = make("pre", entry.binary ? "hex" : "");
  pre.append(...visible(text, "\n\t"));
  pre.tabIndex = 0;
  const copy = make("button", "plain", say.copy);
  copy.type = "button";
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(textOf(entry));
    copy.textContent = say.copied;
  });
  const kept = entry.binary ? entry.kept.length : new TextEncoder().encode(entry.kept).length;
  if (kept < entry.size) whole.append(make("span", "size", say.cut(sizeOf(kept), sizeOf(entry.size))));
  whole.append(pre, copy);
  return whole;
}

function setState(next) {
  state = next;
  $("status").className = next;
  $("status").textContent = say[next];
  const busy = next === "open" || next === "connecting" || next === "closing";
  $("connect").textContent = say[next === "connecting" ? "cancel" : busy ? "disconnect" : "connect"];
  $("connect").classList.toggle("quiet", busy);
  $("connect").disabled = next === "closing";
  $("address").readOnly = busy;
  $("send").disabled = next !== "open";
}
function event(words, alarm = false) {
  add({ kind: "event", words, alarm });
}
function connect() {
  const offered = $("subprotocols").value.split(/[\s,]+/).filter(Boolean);
  let mine;
  try {
    mine = socket = new WebSocket($("address").value, offered);
  } catch (error) {
    event(() => error.message, true);
    return;
  }
  mine.binaryType = "arraybuffer";
  setState("connecting");
  mine.onopen = () => {
    setState("open");
    const { protocol, extensions } = mine;
    event(() => say.opened(protocol ? say.protocol(protocol) : say.noProtocol, extensions || say.noExtensions));
    $("message").focus();
  };
  mine.onmessage = ({ data }) => addMessage("received", data);
  mine.onerror = () => event(() => say.failed, true);
  mine.onclose = ({ code, reason, wasClean }) => {
    setState(wasClean ? "closed" : "lost");
    event(() => [`${say.ended}: ${code}`, say.codes[code], reason && `«${reason}»`].filter(Boolean).join(" · "), !wasClean);
  };
}
function disconnect() {
  const code = $("code").value, reason = $("reason").value;
  try {
    if (code || reason) socket.close(Number(code || 1000), reason);
    else socket.close();
    setState("closing");
  } catch (error) {
    event(() => error.message, true);
  }
}
function send() {
  const field = $("message");
  let data = field.value;
  if ($("format").value === "binary") {
    const digits = data.replace(/\s+/g, "");
    if (!/^([0-9a-f]{2})*$/i.test(digits)) {
      field.setCustomValidity(say.notHex);
      field.reportValidity();
      return;
    }
    data = Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  }
  socket.send(data);
  addMessage("sent", data);
  lastSent = field.value;
  field.value = "";
  field.focus();
}

function speak(name) {
  language = name;
  say = WORDS[name];
  // Making a formatter costs a hundred times as much as using it.
  clock = new Intl.DateTimeFormat(name, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });
  numbers = [0, 1, 2].map((maximumFractionDigits) => new Intl.NumberFormat(name, { maximumFractionDigits }));
  try { localStorage.setItem("language", name); } catch { /* storage may be forbidden; the choice then lasts a visit */ }
  document.documentElement.lang = name;
  document.title = say.title;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say[element.dataset.text];
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say[element.dataset.label]);
  for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = say[element.dataset.hint];
  press("languages", name);
  setState(state);
  redraw();
}
function press(group, value) {
  for (const button of $(group).children) button.setAttribute("aria-pressed", button.value === value);
}
function filter() {
  entries.forEach((entry, index) => { $("log").children[index].hidden = !matches(entry); });
}

$("connection").addEventListener("submit", (submit) => {
  submit.preventDefault();
  if (state === "open" || state === "connecting") disconnect(); else connect();
});
$("composer").addEventListener("submit", (submit) => {
  submit.preventDefault();
  if (state === "open") send();
});
$("message").addEventListener("input", () => $("message").setCustomValidity(""));
$("message").addEventListener("keydown", (key) => {
  if (key.key === "Enter" && !key.shiftKey && !key.isComposing) {
    key.preventDefault();
    $("composer").requestSubmit();
  } else if (key.key === "ArrowUp" && !$("message").value) {
    key.preventDefault();
    $("message").value = lastSent;
  }
});
$("languages").addEventListener("click", ({ target }) => target.value && speak(target.value));
$("filter").addEventListener("click", ({ target }) => {
  if (target.value === undefined) return;
  shownOnly = target.value;
  press("filter", shownOnly);
  filter();
});
$("search").addEventListener("input", filter);
$("clear").addEventListener("click", () => {
  entries.length = waiting.length = 0;
  totals.sent = [0, 0];
  totals.received = [0, 0];
  redraw();
});

$("address").value = location.origin.replace(/^http/, "ws") + "/";
let wanted = navigator.language.slice(0, 2);
try { wanted = localStorage.getItem("language") ?? wanted; } catch { /* as above */ }
press("filter", "");
speak(wanted in WORDS ? wanted : "en");
