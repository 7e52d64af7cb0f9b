import { existsSync, rmSync } from "node:fs";
import t from "tap";
import { BackupError, serializeError } from "../errors.js";
import { RemovalBench, removing } from "../test-support/removal-bench.js";
import type { RemovalServices } from "./removal.js";
import { removeSubmission } from "./remove-archive.js";
import type { JobContext, JobOutcome } from "./types.js";

const caller = { actor: "admin", trigger: "api" } as const;

/** Runs the job that removes `a1`. */
async function removeA1(services: RemovalServices, context: JobContext): Promise<JobOutcome> {
  return removeSubmission(services, { id: "a1", force: true }, caller).run(context);
}

t.test("an archive whose file is gone is forgotten, and frees nothing", async (t) => {
  const bench = await RemovalBench.make(t);
  await bench.add("a1");
  rmSync(bench.file("a1"));
  const { result } = await removeA1(bench.services(), bench.job().context());
  t.match(result, { archiveId: "a1", outcome: "gone", freedBytes: 0 });
  t.equal(bench.record("a1").state, "deleted");
});

t.test("a store that refuses fails the job with its own error", async (t) => {
  const bench = await RemovalBench.make(t);
  await bench.add("a1");
  const error = serializeError(new BackupError("STORE_DENIED", "The key may not remove objects."));
  const denied = bench.services({
    threads: removing(() => Promise.resolve([{ outcome: "failed", error, asked: true }])),
  });
  await t.rejects(removeA1(denied, bench.job().context()), { code: "STORE_DENIED", message: error.message });
  t.equal(bench.record("a1").state, "good");
});

t.test("an archive that was pinned, or is read, when the job's turn comes stays", async (t) => {
  const bench = await RemovalBench.make(t);
  const { key, location } = await bench.add("a1");
  const services = bench.services();
  const reading = services.archivesInUse.use({ settings: bench.store, key, location }, () =>
    t.rejects(removeA1(services, bench.job().context()), { code: "ARCHIVE_BUSY" }),
  );
  await reading;
  const submission = removeSubmission(services, { id: "a1", force: true }, caller);
  bench.ledger.archives.setPinned("a1", 1);
  await t.rejects(submission.run(bench.job().context()), { code: "ARCHIVE_PROTECTED", message: /is pinned/ });
  t.ok(existsSync(bench.file("a1")));
});

t.test("a job that is cancelled before its archive's turn ends as cancelled", async (t) => {
  const bench = await RemovalBench.make(t);
  await bench.add("a1");
  const job = bench.job();
  job.abort.abort(new BackupError("JOB_CANCELLED", "Job j1 was cancelled."));
  await t.rejects(removeA1(bench.services(), job.context()), { code: "JOB_CANCELLED" });
  t.ok(existsSync(bench.file("a1")));
  t.equal(bench.record("a1").removingAt, undefined);
});
