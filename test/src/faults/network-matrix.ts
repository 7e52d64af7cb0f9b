/** Everything that can happen on the way to an S3 store, with a real store behind a proxy. */
import { startFaultProxy } from "@openclaw/gateway-plugin-backup/testing";
import type { FaultProxy, S3ForTests, S3Operation } from "@openclaw/gateway-plugin-backup/testing";
import type { Test } from "tap";
import { FaultBed } from "./fault-bed.js";
import type { NetworkCombination } from "./network-faults.js";
import type { Row } from "./row.js";
import { judgeEnd, runAndCheck } from "./run-row.js";
import type { End } from "./run-row.js";
import { Scenarios } from "./scenarios.js";
import type { Scenario } from "./scenarios.js";
import { makeSource } from "./source-tenant.js";

/** Three parts of 8 MiB, the last not full. */
const NOISE_BYTES = 18_000_000;

/** More than the ten minutes after which an unused upload is dead; less than the 15 that signatures may be off by. */
const LATER_MS = 11 * 60_000;

export interface NetworkBed {
  readonly faultBed: FaultBed;
  readonly proxy: FaultProxy;
  readonly scenarios: Scenarios;
}

export async function startNetworkBed(t: Test, s3: S3ForTests): Promise<NetworkBed> {
  const bucket = await s3.newBucket();
  const proxy = await startFaultProxy(t, s3.endpoint);
  const { region, accessKey: accessKeyId, secretKey: secretAccessKey } = s3;
  const store = {
    url: `s3://${bucket}/prefix`,
    endpoint: proxy.endpoint,
    region,
    accessKeyId,
    secretAccessKey,
  };
  const faultBed = await FaultBed.start(t, { backup: { destinations: { store } } }, [
    { kind: "s3", server: s3, bucket },
  ]);
  const source = await makeSource(t, faultBed, NOISE_BYTES);
  return { faultBed, proxy, scenarios: new Scenarios(faultBed, source, "dest:store/") };
}

/** The requests of a clean run, in order. */
export async function requestsOf(proxy: FaultProxy, run: () => Promise<unknown>): Promise<S3Operation[]> {
  const before = proxy.seen.length;
  await run();
  return proxy.seen.slice(before).map(({ operation }) => operation);
}

/** @returns Undefined where the request was not made. */
export function runNetworkRow(
  { faultBed, proxy }: NetworkBed,
  scenario: Scenario,
  combination: NetworkCombination,
): Promise<Row | undefined> {
  const { operation, hit, network } = combination;
  const lasts = network.lasts === true;
  return runAndCheck(faultBed, scenario, combination, {
    run: async () => {
      const before = proxy.count(operation);
      const isReached = (): boolean => proxy.count(operation) >= before + hit;
      proxy.inject({
        // A store that is gone is gone for all that is asked of it from then on.
        when: (request) => (lasts && isReached()) || request.operation === operation,
        fault: network.fault,
        skip: hit - 1,
        ...(lasts ? { times: Infinity } : {}),
      });
      const ended = await scenario.run();
      proxy.heal();
      // What could not be taken away while the store was gone is the next start's work.
      return { ended, struck: isReached(), restart: lasts };
    },
    judge: (end) => judgeNetworkEnd(end, network),
    later: later(proxy),
  });
}

function judgeNetworkEnd(end: End, { name, codes }: NetworkCombination["network"]): string[] {
  if (codes === undefined)
    return end.succeeded ? [] : [`it passes, but the job ended with ${end.code}: ${end.message}`];
  return judgeEnd(end, (code) => codes.test(code), name);
}

/** Ends the gateway when a request has arrived at the proxy, which passes nothing on. */
export function runDeathRow(
  { faultBed, proxy }: NetworkBed,
  scenario: Scenario,
  combination: NetworkCombination,
): Promise<Row | undefined> {
  const { operation, hit, network } = combination;
  return runAndCheck(faultBed, scenario, combination, {
    run: async () => {
      const before = proxy.count(operation);
      const isReached = (): boolean => proxy.count(operation) >= before + hit;
      proxy.inject({ when: operation, fault: { kind: "stall" }, skip: hit - 1 });
      let isOver = false;
      const end = async (): Promise<void> => {
        await proxy.until(() => isReached() || isOver);
        if (isOver) return;
        await (network.name === "SIGKILL" ? faultBed.bed.gateway.kill() : faultBed.bed.gateway.stop());
      };
      const ended = scenario.run();
      // Without the request there is an end without a death.
      await Promise.race([end(), ended]);
      const struck = isReached();
      isOver = true;
      const result = await ended;
      proxy.heal();
      return { ended: result, struck, restart: struck };
    },
    judge: (end) => judgeEnd(end, (code) => /^(JOB_INTERRUPTED|SHUTTING_DOWN)$/.test(code), network.name),
    later: later(proxy),
  });
}

/**
 * By the store's clock some minutes have passed: an upload that was begun and never used is taken away only when it is
 * too old to be another writer's.
 */
function later(proxy: FaultProxy): { begin(): void; end(): void } {
  return {
    begin: () => {
      const date = new Date(Date.now() + LATER_MS).toUTCString();
      proxy.inject({ when: () => true, fault: { kind: "rewrite", headers: { date } }, times: Infinity });
    },
    end: () => proxy.heal(),
  };
}
