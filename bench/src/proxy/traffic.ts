/** What passed through the counting proxy; the proxy's thread writes it, everybody reads it. */
export interface Traffic {
  /** Bytes from the clients to the store, heads of requests included. */
  readonly sentBytes: number;
  /** Bytes from the store to the clients, heads of answers included. */
  readonly receivedBytes: number;
  readonly requests: number;
}

export const TRAFFIC_FIELDS = { sent: 0, received: 1, requests: 2 } as const;

/** Memory that two threads share, a number for each of {@link TRAFFIC_FIELDS}. */
export function newCounts(): BigInt64Array {
  return new BigInt64Array(new SharedArrayBuffer(8 * Object.keys(TRAFFIC_FIELDS).length));
}

export function readTraffic(counts: BigInt64Array): Traffic {
  const read = (field: number) => Number(Atomics.load(counts, field));
  return {
    sentBytes: read(TRAFFIC_FIELDS.sent),
    receivedBytes: read(TRAFFIC_FIELDS.received),
    requests: read(TRAFFIC_FIELDS.requests),
  };
}

export function trafficSince(before: Traffic, after: Traffic): Traffic {
  return {
    sentBytes: after.sentBytes - before.sentBytes,
    receivedBytes: after.receivedBytes - before.receivedBytes,
    requests: after.requests - before.requests,
  };
}
