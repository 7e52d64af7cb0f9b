import { join } from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../errors.js";
import type { StoreSettings } from "../stores/settings.js";
import { FakeTime } from "../test-support/fake-time.js";
import { MemoryLog } from "../test-support/memory-log.js";
import type { ResolvedObject } from "./destinations.js";
import { Ledger } from "./ledger/ledger.js";
import { resumeUploads, type ResumingServices } from "./resume.js";
import type { JobLeftover, JobRecord, JobSubmission } from "./types.js";

const settings = { kind: "s3", bucket: "b", endpoint: "http://s" } as const;
const multipart = { kind: "multipart", key: "acme/1", uploadId: "u", mark: "m" } as const;
const unfinished: Extract<JobLeftover, { kind: "upload" }> = {
  kind: "upload",
  store: settings,
  leftover: multipart,
  namedAt: 5,
};

/** A ledger with a backup `j1` that a stop has cut off, and an engine that notes what it is given. */
function setUp(t: Test, leftover: JobLeftover = unfinished, changes: Partial<JobRecord> = {}) {
  const ledger = Ledger.open(join(t.testdir(), "ledger.sqlite"));
  t.teardown(() => ledger.close());
  const time = new FakeTime();
  const log = new MemoryLog();
  let uid: string | undefined = "u1";
  let target: StoreSettings = settings;
  let refusal: BackupError | undefined;
  const started: Omit<JobSubmission, "run">[] = [];
  const addJob = (id: string, request: object = {}, state: JobRecord["state"] = "interrupted"): void => {
    const job = {
      id,
      type: "backup",
      tenant: "acme",
      tenantUid: "u1",
      trigger: "cron",
      actor: "tenant:acme",
    } as const;
    ledger.jobs.insert({
      ...job,
      request: { ...request },
      state: "queued",
      createdAt: 1,
      warnings: [],
      ...changes,
    });
    if (state === "interrupted" || state === "failed" || state === "cancelled")
      ledger.jobs.end({ id, state, finishedAt: 2, warnings: [] });
  };
  const services: ResumingServices = {
    ledger,
    host: { clock: time, log, tenants: { get: () => (uid === undefined ? undefined : { uid }) } },
    destinations: {
      target: (_to, _tenant, now): ResolvedObject => ({
        settings: target,
        key: now === 5 ? "acme/1" : "acme/other",
        location: "s3://b/acme/1",
        isAutomatic: true,
      }),
    },
    submit: (submission) => {
      if (refusal !== undefined) throw refusal;
      started.push(submission);
      const id = `n${started.length}`;
      addJob(id, submission.request, "queued");
      submission.record?.(id);
      return id;
    },
  };
  const addUpload = (jobId: string): void => ledger.leftovers.add(jobId, leftover, time.now());
  const isTenant = (changed: string | undefined): void => void (uid = changed);
  const leadTo = (changed: StoreSettings): void => void (target = changed);
  const refuse = (error: BackupError | undefined): void => void (refusal = error);
  return { ledger, time, log, services, started, addJob, addUpload, isTenant, leadTo, refuse };
}

t.test("the new job has the old one's request and starter, and takes over its upload", (t) => {
  const { ledger, services, started, addJob, addUpload } = setUp(t);
  addJob("j1", { to: "dest:x", overwrite: true });
  addUpload("j1");
  t.equal(resumeUploads(services).size, 0);
  t.match(started, [
    {
      type: "backup",
      tenant: "acme",
      trigger: "cron",
      actor: "tenant:acme",
      request: { to: "dest:x", overwrite: true, resumes: "j1" },
    },
  ]);
  t.match(ledger.leftovers.ofJob("n1"), [{ leftover: unfinished }]);
  t.same(ledger.leftovers.ofJob("j1"), []);
  resumeUploads(services);
  t.equal(started.length, 1, "it is continued once");
  t.end();
});

t.test("an upload that holds copies of an earlier archive is not continued, but the backup is made", (t) => {
  const leftover = { ...unfinished, leftover: { ...multipart, resumable: false } } as const;
  const { ledger, services, addJob, addUpload } = setUp(t, leftover);
  addJob("j1");
  addUpload("j1");
  const resumed: unknown[] = [];
  const submit: ResumingServices["submit"] = (submission, request, place) => {
    resumed.push(place);
    return services.submit(submission, request, place);
  };
  t.equal(resumeUploads({ ...services, submit }).size, 0);
  t.strictSame(resumed, [undefined]);
  t.match(ledger.leftovers.ofJob("n1"), [{ leftover }], "the new job takes it away at its end");
  t.end();
});

t.test("what is not continued", (t) => {
  const none = (
    what: string,
    prepare: (bench: ReturnType<typeof setUp>) => void,
    leftover?: JobLeftover,
  ): void => {
    t.test(what, (t) => {
      const bench = setUp(t, leftover);
      prepare(bench);
      t.equal(resumeUploads(bench.services).size, 0);
      t.equal(bench.started.length, 0);
      t.end();
    });
  };
  const interrupted = ({ addJob, addUpload }: ReturnType<typeof setUp>): void => {
    addJob("j1");
    addUpload("j1");
  };
  for (const state of ["failed", "cancelled"] as const) {
    none(`a job that has ${state}`, ({ addJob, addUpload }) => {
      addJob("j1", {}, state);
      addUpload("j1");
    });
  }
  none("an upload that is a day old", (bench) => {
    interrupted(bench);
    bench.time.advance(24 * 3_600_000);
  });
  none("one of a tenant that is gone", (bench) => {
    interrupted(bench);
    bench.isTenant(undefined);
  });
  none("one of a tenant whose name is another's now", (bench) => {
    interrupted(bench);
    bench.isTenant("u2");
  });
  none("one whose destination is another now", (bench) => {
    interrupted(bench);
    bench.leadTo({ ...settings, endpoint: "http://other" });
  });
  none("one that was begun with keys that nobody keeps", interrupted, {
    ...unfinished,
    store: { ...settings, requestKeys: true },
  });
  none("one of a version that kept no mark", interrupted, {
    ...unfinished,
    leftover: { kind: "multipart", key: "acme/1", uploadId: "u" },
  });
  none("the file of a local store", interrupted, {
    kind: "upload",
    store: { kind: "local" },
    leftover: { kind: "partial-file", path: "/p" },
    namedAt: 5,
  });
  none("one that was continued three times", ({ addJob, addUpload }) => {
    for (const [id, resumes] of [["j1"], ["j2", "j1"], ["j3", "j2"], ["j4", "j3"]] as const) {
      addJob(id, resumes === undefined ? {} : { resumes });
    }
    addUpload("j4");
  });
  t.end();
});

t.test("of two uploads of one job, the last is continued", (t) => {
  const { ledger, services, started, addJob, addUpload } = setUp(t);
  addJob("j1");
  const earlier = { ...unfinished, leftover: { ...multipart, uploadId: "earlier" } };
  ledger.leftovers.add("j1", earlier, 1);
  addUpload("j1");
  resumeUploads(services);
  t.equal(started.length, 1);
  t.match(ledger.leftovers.ofJob("j1"), [{ leftover: earlier }], "the other is left to be taken away");
  t.end();
});

t.test("a tenant that is busy now is no reason to give its upload up", (t) => {
  const { ledger, services, started, addJob, addUpload, refuse } = setUp(t);
  addJob("j1");
  addUpload("j1");
  refuse(new BackupError("TENANT_BUSY", "Taken."));
  const [record] = ledger.leftovers.ofEndedJobs();
  t.same([...resumeUploads(services)], [record?.id]);
  refuse(undefined);
  t.equal(resumeUploads(services).size, 0);
  t.equal(started.length, 1);
  t.end();
});

t.test("a job that may have completed its archive waits until that is known", (t) => {
  const { ledger, services, started, addJob, addUpload } = setUp(t);
  addJob("j1");
  addUpload("j1");
  const archive = {
    id: "a",
    jobId: "j1",
    tenant: "acme",
    tenantUid: "u1",
    location: "s3://b/acme/1",
    storeKind: "s3",
    endpoint: "http://s",
    bucket: "b",
    key: "acme/1",
    size: 1,
    indexSha256: "0",
    formatVersion: 1,
    createdAt: 1,
    totals: { entries: 1, files: 1, directories: 0, symlinks: 0, contentBytes: 1, tarBytes: 1, segments: 1 },
    state: "good",
    checkedAt: 1,
  } as const;
  const limits = { entries: 1, bytes: 1, ratio: 1 };
  ledger.completions.put("j1", { store: settings, mark: "m", limits, archive, result: {}, warnings: [] }, 1);
  ledger.completions.setProblem("j1", "Nobody answers.");
  t.equal(resumeUploads(services).size, 1);
  ledger.completions.setProblem("j1", undefined);
  t.equal(resumeUploads(services).size, 0);
  t.equal(started.length, 1);
  t.end();
});

t.test("a backup that cannot be asked for any more is not continued, and holds up no other", (t) => {
  const { log, services, started, addJob, addUpload, refuse } = setUp(t);
  addJob("j1", { to: "dest:gone" });
  addUpload("j1");
  const { target } = services.destinations;
  const gone = new BackupError("DESTINATION_UNKNOWN", "There is no destination 'gone'.");
  services.destinations.target = () => {
    throw gone;
  };
  t.equal(resumeUploads(services).size, 0);
  t.match(log.lines, [{ level: "warn", fields: { jobId: "j1", code: "DESTINATION_UNKNOWN" } }]);

  services.destinations.target = target;
  refuse(new BackupError("LEDGER_UNUSABLE", "The disk is out of order."));
  t.equal(resumeUploads(services).size, 0, "what keeps the ledger from taking a job is no reason to wait");
  t.match(log.lines[1], { level: "warn", fields: { code: "LEDGER_UNUSABLE" } });
  refuse(new BackupError("SHUTTING_DOWN", "The gateway is stopping."));
  t.equal(resumeUploads(services).size, 1, "a stop is");
  t.equal(started.length, 0);
  t.end();
});
