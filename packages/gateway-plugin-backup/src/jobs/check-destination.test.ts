import { join } from "node:path";
import t from "tap";
import { s3ForTests } from "../test-support/s3-for-tests.js";
import { startFaultProxy } from "../test-support/fault-proxy.js";
import { ended, servicesBench, withThreads } from "../test-support/services-bench.js";
import type { StoreCheck } from "../stores/check/report.js";
import type { RunOptions } from "./thread/pool.js";
import { checkSubmission } from "./check-destination.js";

const caller = { actor: "admin", trigger: "api" } as const;

await t.test("the default destination is checked where none is named", async (t) => {
  const { services } = await servicesBench(t);
  const job = await ended(services, checkSubmission(services, {}, caller));
  t.match(job, { state: "succeeded", tenant: "", result: { leftBehind: [], speed: {} } });
  t.match(job.result?.["location"], services.host.paths.backups);
  t.strictSame(services.ledger.leftovers.ofEndedJobs(), []);
  t.throws(() => checkSubmission(services, { dest: "nowhere" }, caller), { code: "DESTINATION_UNKNOWN" });
  const outside = await ended(services, checkSubmission(services, { dest: "/proc/self" }, caller));
  t.match(outside, { state: "failed", error: { code: "PATH_NOT_ALLOWED" } });
});

await t.test("a destination that cannot be used fails, and says why", async (t) => {
  const { services } = await servicesBench(t, { localRoots: [join(t.testdir(), "root")] });
  const finding = (outcome: "denied" | "failed") =>
    ({ what: "write", outcome, message: "No.", consequence: "None." }) as const;
  const finding2 = { what: "list", outcome: "lacking", message: "No list." } as const;
  const answering = (check: Partial<StoreCheck>) =>
    withThreads(services, () => ({ findings: [finding2], abilities: {}, leftBehind: [], ...check }));
  const run = (check: Partial<StoreCheck>) => {
    const answered = answering(check);
    return ended(answered, checkSubmission(answered, {}, caller));
  };
  t.match(await run({ findings: [finding("denied"), finding2] }), {
    state: "failed",
    error: {
      code: "STORE_DENIED",
      message: /cannot be used for backups: No\. None\./,
      details: { findings: [{}, {}] },
    },
  });
  const bare = { what: "read", outcome: "failed", message: "Nothing." } as const;
  t.match(await run({ findings: [finding("failed"), bare] }), {
    error: { code: "STORE_FAILED", message: /Nothing\.$/ },
  });
  t.match(await run({ leftBehind: ["s3://b/k"] }), {
    state: "succeeded",
    result: { speed: undefined },
    warnings: [{ code: "LEFT_BEHIND" }],
  });
});

await t.test(
  "keys that came with the request are not in the ledger, but that there were some is",
  async (t) => {
    const { services } = await servicesBench(t);
    const leftover = { kind: "probe", key: "k" } as const;
    const threads = Object.assign(Object.create(services.threads) as typeof services.threads, {
      run: (_operation: string, _request: unknown, options: RunOptions) => {
        options.onLeftover?.(leftover);
        return Promise.resolve({ findings: [], abilities: {}, leftBehind: [] });
      },
    });
    const s3 = { endpoint: "http://127.0.0.1:1", accessKey: "AKEY", secretKey: "hidden-secret" };
    const used = { ...services, threads };
    const job = await ended(used, checkSubmission(used, { dest: "s3://bucket/p/", s3 }, caller));
    t.match(job, {
      state: "succeeded",
      request: { location: "s3://bucket/p/", s3: { endpoint: s3.endpoint } },
    });
    t.notMatch(JSON.stringify(job), /hidden-secret|AKEY/);
    const left = services.ledger.leftovers.ofEndedJobs();
    t.match(left, [{ leftover: { store: { requestKeys: true }, leftover } }]);
    t.notMatch(JSON.stringify(left), /hidden-secret|AKEY/);
  },
);

const s3 = await s3ForTests(t);
if (s3 !== undefined) {
  await t.test("what a check has found out is remembered for the next backup", async (t) => {
    const proxy = await startFaultProxy(t, s3.endpoint);
    const { services } = await servicesBench(t, {
      defaultDestination: "offsite",
      destinations: {
        offsite: {
          url: `s3://${await s3.newBucket()}/gw`,
          endpoint: proxy.endpoint,
          region: s3.region,
          accessKeyId: s3.accessKey,
          secretAccessKey: s3.secretKey,
        },
      },
    });
    proxy.inject({
      when: "UploadPartCopy",
      fault: { kind: "refuse", status: 501, name: "NotImplemented" },
      times: Infinity,
    });
    const job = await ended(services, checkSubmission(services, { dest: "offsite" }, caller));
    t.match(job, { state: "succeeded", result: { location: /^s3:.*\/gw\/$/ } });
    const { settings } = services.destinations.directory("dest:offsite");
    t.match(services.knownAbilities.apply(settings), { abilities: { put: true, copy: false } });
    t.strictSame(services.ledger.leftovers.ofEndedJobs(), []);
  });
}
