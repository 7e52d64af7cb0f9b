/** What can go wrong between the gateway and its store, and what a job may say of it. */
import type { ProxyFault, S3Operation } from "@openclaw/gateway-plugin-backup/testing";
import { EVERY_WAY } from "./faults.js";
import type { Combination } from "./row.js";

export interface NetworkFault {
  readonly name: string;
  readonly fault: ProxyFault;
  /** Default: every operation. */
  readonly at?: readonly S3Operation[];
  /** It does not pass: every request from this one on. */
  readonly lasts?: true;
  /** What a job may end with; undefined: it must succeed, because the fault passes. */
  readonly codes?: RegExp;
}

export type NetworkCombination = Combination & {
  readonly operation: S3Operation;
  readonly network: NetworkFault;
};

const WITH_REQUEST_BODY: readonly S3Operation[] = ["UploadPart", "PutObject"];
const WITH_ANSWER_BODY: readonly S3Operation[] = ["GetObject"];
const refusal = (status: number, name: string): ProxyFault => ({ kind: "refuse", status, name });

const gone = /^(STORE_UNREACHABLE|STORE_FAILED)$/;

export const networkFaults: readonly NetworkFault[] = [
  { name: "connection reset", fault: { kind: "reset" } },
  { name: "answer lost", fault: { kind: "lose-answer" } },
  { name: "silence", fault: { kind: "stall" } },
  { name: "500 InternalError", fault: refusal(500, "InternalError") },
  { name: "503 SlowDown", fault: { kind: "refuse", status: 503, name: "SlowDown", retryAfter: 1 } },
  { name: "400 ExpiredToken", fault: refusal(400, "ExpiredToken"), codes: /^STORE_DENIED$/ },
  {
    name: "403 RequestTimeTooSkewed",
    fault: refusal(403, "RequestTimeTooSkewed"),
    codes: /^STORE_CLOCK_SKEW$/,
  },
  { name: "403 AccessDenied", fault: refusal(403, "AccessDenied"), codes: /^STORE_DENIED$/ },
  {
    name: "200 with an error inside",
    fault: { kind: "refuse", status: 200, name: "InternalError" },
    at: ["CompleteMultipartUpload"],
  },
  {
    name: "200 with an error inside, carried out",
    fault: { kind: "refuse", status: 200, name: "InternalError", carriedOut: true },
    at: ["CompleteMultipartUpload"],
  },
  { name: "request cut off", fault: { kind: "cut-request", after: 1000 }, at: WITH_REQUEST_BODY },
  { name: "request stalled", fault: { kind: "stall-request", after: 1000 }, at: WITH_REQUEST_BODY },
  { name: "request altered", fault: { kind: "corrupt-request", at: 1000 }, at: WITH_REQUEST_BODY },
  { name: "answer cut off", fault: { kind: "cut-answer", after: 1000 }, at: WITH_ANSWER_BODY },
  { name: "answer stalled", fault: { kind: "stall-answer", after: 1000 }, at: WITH_ANSWER_BODY },
  {
    name: "answer altered",
    fault: { kind: "corrupt-answer", at: 1000 },
    at: WITH_ANSWER_BODY,
    codes: /^(ARCHIVE_DAMAGED|STORE_FAILED)$/,
  },
  { name: "answer shorter than told", fault: { kind: "lie-length", by: 100 }, at: WITH_ANSWER_BODY },
  { name: "the store is gone for good", fault: { kind: "reset" }, lasts: true, codes: gone },
  { name: "503 for good", fault: refusal(503, "SlowDown"), lasts: true, codes: gone },
];

/**
 * Every kind of request of a clean run with all that can befall it, each fault at another request of the kind: the first,
 * the last, or a part of an upload between.
 *
 * @param everyTime What passes befalls each of these requests, not one of them.
 */
export function networkCombinations(
  scenario: string,
  requests: readonly S3Operation[],
  faults: readonly NetworkFault[] = networkFaults,
  everyTime = EVERY_WAY,
): NetworkCombination[] {
  return [...new Set(requests)].flatMap((operation) => {
    const count = requests.filter((one) => one === operation).length;
    const between = operation === "UploadPart" ? Array.from({ length: count }, (_part, n) => n + 1) : [];
    const hits = [...new Set([1, ...between, count])];
    return faults
      .filter(({ at }) => at?.includes(operation) ?? true)
      .flatMap((network, n) =>
        hits
          .filter((_hit, which) => (everyTime && network.codes === undefined) || which === n % hits.length)
          .map((hit) => ({ scenario, point: operation, hit, fault: network.name, operation, network })),
      );
  });
}
