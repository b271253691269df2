// Artillery's fastest way to send messages: a function step that keeps its connection busy by itself.
const WARM_UP = 500;
const seconds = Number(process.env.BENCH_SECONDS);
const connections = Number(process.env.BENCH_CONNECTIONS);
const message = "x".repeat(Number(process.env.BENCH_SIZE));

let messages = 0;
let open = 0;
let over = false;
const finished = [];

function measure() {
  const before = messages, cpu = process.cpuUsage(), began = process.hrtime.bigint();
  setTimeout(() => {
    const used = process.cpuUsage(cpu);
    console.log(JSON.stringify({
      messages: messages - before,
      cpu: (used.user + used.system) / 1e6,
      seconds: Number(process.hrtime.bigint() - began) / 1e9,
    }));
    over = true;
    finished.forEach((done) => done());
  }, seconds * 1000);
}

function echo(context, events, done) {
  finished.push(done);
  context.ws.on("message", () => {
    messages += 1;
    if (!over) context.ws.send(message);
  });
  context.ws.send(message);
  open += 1;
  if (open === connections) setTimeout(measure, WARM_UP);
}

module.exports = { echo };
