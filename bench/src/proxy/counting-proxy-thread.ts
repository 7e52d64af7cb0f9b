/** The proxy's own thread: sockets forwarded as they are, and counted. See counting-proxy.ts. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { RequestCounter } from "./request-counter.js";
import { TRAFFIC_FIELDS } from "./traffic.js";

export interface ProxyThreadData {
  readonly host: string;
  readonly port: number;
  readonly counts: BigInt64Array;
}

const { host, port, counts } = workerData as ProxyThreadData;

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const store = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const requests = new RequestCounter();
  client.on("data", (bytes: Buffer) => {
    const before = requests.requests;
    requests.add(bytes);
    add(TRAFFIC_FIELDS.sent, bytes.length);
    add(TRAFFIC_FIELDS.requests, requests.requests - before);
  });
  store.on("data", (bytes: Buffer) => {
    add(TRAFFIC_FIELDS.received, bytes.length);
  });
  client.pipe(store);
  store.pipe(client);
  endTogether(client, store);
  endTogether(store, client);
});
server.listen(0, "127.0.0.1", () => {
  parentPort?.postMessage((server.address() as AddressInfo).port);
});

function add(field: number, amount: number): void {
  Atomics.add(counts, field, BigInt(amount));
}

/** A connection that breaks on one side breaks on the other. */
function endTogether(one: Socket, other: Socket): void {
  one.on("error", () => other.destroy());
  one.on("close", () => other.destroySoon());
}
