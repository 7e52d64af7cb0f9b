import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { BackupError } from "../../errors.js";
import {
  ADMIN,
  backUp,
  filesIn,
  gatewayBench,
  inLedger,
  type GatewayBench,
} from "../../test-support/gateway-sets.js";
import { ended, withThreads } from "../../test-support/services-bench.js";
import type { Services } from "../services.js";
import type { JobRecord } from "../types.js";
import { knownSets } from "./known-sets.js";
import { gatewayPruneSubmission, type GatewayPruneRequest } from "./prune.js";
import { settleSets } from "./settle-sets.js";

const { signal } = new AbortController();
const DAY_MS = 86_400_000;

function prune(services: Services, request: GatewayPruneRequest): Promise<JobRecord> {
  return ended(services, gatewayPruneSubmission(services, request, ADMIN));
}

/** Sets of the last days, the oldest first; their ids. */
async function days({ services, time }: GatewayBench, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let day = 0; day < count; day++) {
    ids.push(String((await backUp(services)).result?.["setId"]));
    time.advance(DAY_MS);
  }
  return ids;
}

function ids(services: Services): (string | undefined)[] {
  return knownSets(services).map(({ id }) => id);
}

await t.test("sets are kept or removed as a whole, backup.json first", async (t) => {
  const bench = await gatewayBench(t);
  const { services } = bench;
  const [first, second, third] = await days(bench, 3);
  const order: string[] = [];
  const watched = withThreads(services, (operation, request, proceed) => {
    if (operation === "removeManifest" && "key" in request) order.push(request.key);
    if (operation === "remove" && "archives" in request)
      order.push(...request.archives.map(({ key }) => key));
    return proceed();
  });
  t.match(await prune(watched, { keepLast: 2, dryRun: true }), {
    state: "succeeded",
    result: {
      dryRun: true,
      sets: [{ id: third, keep: true }, { id: second }, { id: first, keep: false }],
      kept: 2,
      removed: 0,
    },
  });
  t.strictSame(order, []);
  t.match(await prune(watched, { keepLast: 2 }), {
    request: { policy: { keepLast: 2 } },
    result: { kept: 2, removed: 1, sets: [{}, {}, { id: first, reasons: ["no rule keeps it"] }] },
  });
  t.strictSame(
    order.map((key) => key.slice(key.lastIndexOf("/") + 1)),
    ["backup.json", "state.tar.zst", "workspace.tar.zst"],
  );
  t.strictSame(ids(services), [third, second]);
  t.equal(filesIn(services.host.paths.backups).length, 6);
});

await t.test("the last good set, pinned, named, pre-delete and read ones stay", async (t) => {
  const bench = await gatewayBench(t);
  const { services, time } = bench;
  const { backups } = services.host.paths;
  const [damaged, pinned = "", read = "", lost] = await days(bench, 4);
  const named = String((await backUp(services, { to: join(backups, "mine") })).result?.["setId"]);
  const last = String((await backUp(services, { preDelete: true })).result?.["setId"]);
  const archivesOf = (id = "") => services.ledger.archives.ofSet(id);
  const [pin] = archivesOf(pinned);
  services.ledger.archives.setPinned(pin?.id ?? "", time.now());
  inLedger(services, `UPDATE archives SET state = 'damaged' WHERE set_id = '${damaged}'`);
  rmSync(archivesOf(lost)[0]?.location ?? "");
  const [reading] = archivesOf(read);
  const job = await services.archivesInUse.use(
    { settings: { kind: "local", roots: [] }, key: reading?.key ?? "", location: "" },
    () => prune(services, { keepLast: 1 }),
  );
  const reasons = Object.fromEntries(
    (job.result?.["sets"] as { id: string; keep: boolean; reasons: string[] }[]).map((set) => [set.id, set]),
  );
  t.match(reasons, {
    [pinned]: { reasons: ["pinned"] },
    [read]: { reasons: ["being read", "last 1 of 1"] },
    [damaged ?? ""]: { keep: false, reasons: ["no rule keeps it"] },
    [lost ?? ""]: { reasons: ["damaged, takes no place of last"] },
    [named]: { reasons: ["named by hand"] },
    [last]: { reasons: ["pre-delete", "last good"] },
  });
  t.match(job.warnings, [{ code: "ARCHIVE_LOST" }]);
  const verified = archivesOf(read).map(({ id, etag }) => ({ id, at: time.now(), etag, objectSha256: "a" }));
  for (const check of verified) services.ledger.archives.noteWhole(check);
  t.match(
    knownSets(services).find(({ id }) => id === read),
    { verifiedAt: time.now() },
  );
  t.match(await prune(services, { keepLast: 1, includeNamed: true, to: `${backups}/` }), {
    state: "succeeded",
  });
  t.ok(ids(services).includes(read), "the last one that was verified");
});

await t.test("without a rule nothing is pruned; places have policies of their own", async (t) => {
  const place = t.testdirName;
  const bench = await gatewayBench(t, {
    localRoots: [place],
    destinations: {
      kept: { url: join(place, "kept"), retention: {} },
      one: { url: join(place, "one"), retention: { keepLast: 1 } },
    },
  });
  const { services, time } = bench;
  for (const to of ["dest:kept", "dest:one", "dest:kept", "dest:one"]) {
    await backUp(services, { to });
    time.advance(DAY_MS);
  }
  t.match(await prune(services, { to: "dest:one" }), { result: { removed: 1, kept: 1 } });
  const job = await prune(services, {});
  t.match(job, { result: { removed: 0, kept: 3 } });
  t.match((job.result?.["sets"] as object[])[1], { reasons: ["no retention policy applies"] });
  t.match(await prune(services, { to: "s3://elsewhere/", keepLast: 1 }), { result: { sets: [] } });
  const none = await gatewayBench(t);
  t.throws(() => gatewayPruneSubmission(none.services, {}, ADMIN), { code: "REQUEST_INVALID" });
});

await t.test(
  "a removal that is cut off is gone on with, and the set never looks whole meanwhile",
  async (t) => {
    const bench = await gatewayBench(t);
    const { services } = bench;
    const [first, second] = await days(bench, 2);
    const directory = join(services.host.paths.backups, "2026-03-07T00-00-00Z");
    let outcome: object = {
      outcome: "failed",
      error: { code: "STORE_UNREACHABLE", message: "It is gone." },
      asked: true,
    };
    const down = withThreads(services, (operation, _request, proceed) =>
      operation === "remove" ? [outcome, outcome] : proceed(),
    );
    t.match(await prune(down, { keepLast: 1 }), { state: "failed", error: { code: "STORE_UNREACHABLE" } });
    t.strictSame(filesIn(directory), ["state.tar.zst", "workspace.tar.zst"]);
    t.match(knownSets(services), [{ id: second }, { id: first, state: "removing" }]);
    outcome = { outcome: "locked", reason: "locked until 2030" };
    await settleSets(down, signal);
    t.match(knownSets(services), [{}, { problem: /was not removed: locked until 2030/ }]);
    const [archive] = services.ledger.archives.ofSet(first ?? "");
    services.ledger.archives.setPinned(archive?.id ?? "", 1);
    await settleSets(services, signal);
    t.match(knownSets(services), [{}, { problem: /was not removed: pinned/ }]);
    services.ledger.archives.setPinned(archive?.id ?? "", undefined);
    writeFileSync(join(directory, "state.tar.zst"), "another's");
    await settleSets(services, signal);
    t.strictSame(ids(services), [second]);
    t.strictSame(filesIn(directory), ["state.tar.zst"], "what is not ours is left alone");
  },
);

await t.test("a set whose archives the catalogue has lost is not judged", async (t) => {
  const bench = await gatewayBench(t);
  await days(bench, 2);
  inLedger(bench.services, "DELETE FROM archives");
  t.match(await prune(bench.services, { keepLast: 1 }), { result: { sets: [], removed: 0 } });
});

await t.test("a place that cannot be looked at does not keep the others from being pruned", async (t) => {
  const place = join(t.testdirName, "place");
  const bench = await gatewayBench(t, { localRoots: [place] });
  const { services, time } = bench;
  for (const to of [undefined, `${place}/`, undefined, `${place}/`]) {
    await backUp(services, to === undefined ? {} : { to });
    time.advance(DAY_MS);
  }
  const down = withThreads(services, (operation, request, proceed) => {
    if (operation === "look" && "keys" in request && request.keys.some((key) => key.startsWith(place)))
      throw new BackupError("STORE_UNREACHABLE", "It is gone.");
    return proceed();
  });
  t.match(await prune(down, { keepLast: 1 }), {
    state: "failed",
    error: { code: "STORE_UNREACHABLE" },
    warnings: [{ code: "STORE_UNREACHABLE" }],
  });
  t.equal(knownSets(services).length, 3);
  const stopping = withThreads(services, (operation, _request, proceed) => {
    const [running] = services.engine.list({ state: "running", limit: 1 });
    if (operation === "look") services.engine.cancel(running?.id ?? "");
    return proceed();
  });
  t.match(await prune(stopping, { keepLast: 1 }), { state: "cancelled" });
});
