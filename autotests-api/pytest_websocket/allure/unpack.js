// Runs in the packed page (packing.py): gives Allure's program the files that it asks for, and starts it.
(() => {
  "use strict";

  const text = (buffer) => new TextDecoder().decode(buffer);
  const inflate = async (element) => {
    const { body } = await fetch(`data:;base64,${element.textContent}`);
    return new Response(body.pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();
  };
  const [app, index, ids, ...packed] = document.querySelectorAll("script.packed");
  const parts = [];
  const part = (number) => (parts[number] ??= inflate(packed[number]));

  const base64 = (blob) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });

  // An id of 16 bytes is written as U+0001 and its number: three digits, the lowest first.
  const known = [];
  let bytes;
  const id = (number) => (known[number] ??= [0, 4, 8, 12]
    .map((offset) => bytes.getUint32(16 * number + offset).toString(16).padStart(8, "0")).join(""));
  const digit = (letter) => letter.charCodeAt(0) - 35;
  const withIds = (text) =>
    text.replace(/\x01(.)(.)(.)/g, (_, low, mid, high) => id(digit(low) + 90 * digit(mid) + 8100 * digit(high)));

  const read = async ([number, start, length, isText]) => {
    const body = new Uint8Array(await part(number), start, length);
    return base64(new Blob([isText ? withIds(text(body)) : body]));
  };

  const start = async () => {
    const [program, names, hashes] = await Promise.all([app, index, ids].map(inflate));
    bytes = new DataView(hashes);
    const files = JSON.parse(withIds(text(names)));
    window.allureReportData = new Proxy(files, { get: (_, name) => files[name] && read(files[name]) });
    window.allureReportDataReady = true;
    const script = document.createElement("script");
    script.textContent = text(program);
    document.body.append(script);
  };
  start();
})();
