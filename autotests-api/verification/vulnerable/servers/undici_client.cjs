// A client of undici that sends every message back: node undici_client.cjs FOLDER URL
const { WebSocket } = require(`${process.argv[2]}/node_modules/undici`);
const socket = new WebSocket(process.argv[3]);
socket.binaryType = "arraybuffer";
socket.onmessage = (event) => socket.send(event.data);
socket.onerror = () => {};
