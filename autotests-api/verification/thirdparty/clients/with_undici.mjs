// An echo client on undici, whose WebSocket is Node's own and has the interface of the browsers'.
import { WebSocket } from "undici";

const connection = new WebSocket(process.argv[2]);
connection.binaryType = "arraybuffer";
connection.onmessage = ({ data }) => connection.send(data);
connection.onerror = () => {};
connection.onclose = ({ code, reason }) => {
  console.log(JSON.stringify({ event: "close", code, reason }));
  process.exitCode = code === 1000 || code === 1005 ? 0 : 1;
};
