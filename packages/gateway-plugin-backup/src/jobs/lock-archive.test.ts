import t from "tap";
import { BackupError } from "../errors.js";
import type { ObjectLock } from "../stores/object-lock.js";
import { FakeTime } from "../test-support/fake-time.js";
import { lockArchive, type LockOutcome, type LockServices } from "./lock-archive.js";
import type { LockOperation } from "./thread/protocol.js";

const DAY = 86_400_000;
const time = new FakeTime();
const until = time.now() + 30 * DAY;
const never = new AbortController().signal;

const archive = {
  storeKind: "s3",
  endpoint: "https://store.example",
  bucket: "vault",
  key: "tenants/acme/a.tar.zst",
  etag: "e1",
  location: "s3://vault/tenants/acme/a.tar.zst",
} as const;

/** Locks the archive in a store that answers like this; a destination without `lock` wants none. */
async function locked(
  answer: (request: LockOperation) => Promise<ObjectLock | undefined>,
  { wants = true, signal = never } = {},
): Promise<LockOutcome> {
  const lock = { mode: "compliance", days: 30 } as const;
  const vault = { url: "s3://vault", endpoint: archive.endpoint, ...(wants ? { lock } : {}) };
  const run = (_operation: string, request: unknown) => answer(request as LockOperation);
  const threads = { run } as LockServices["threads"]; // whatever is asked, it is this
  const services = { config: { destinations: { vault } }, threads, host: { clock: time } };
  return lockArchive(services, archive, { kind: "s3", bucket: "vault" }, signal);
}

const asWanted = ({ wanted }: LockOperation): Promise<ObjectLock> =>
  Promise.resolve({ ...wanted, legalHold: false });

t.test("an archive gets the lock of its destination, if that wants one", async (t) => {
  t.same(await locked(asWanted), { lock: { mode: "compliance", until, legalHold: false } });
  t.same(await locked(asWanted, { wants: false }), {});
});

t.test("a lock that a store has not, shortens or weakens is a warning", async (t) => {
  const answers: (ObjectLock | undefined)[] = [
    undefined,
    { legalHold: true },
    { mode: "compliance", until: until - 2000, legalHold: false },
    { mode: "governance", until, legalHold: false },
  ];
  for (const answer of answers)
    t.match(await locked(() => Promise.resolve(answer)), {
      lock: undefined,
      warning: { code: "NOT_LOCKED", message: /a\.tar\.zst was stored, but is not locked.*no such lock/ },
    });
  const seconds = Math.floor(until / 1000) * 1000;
  t.match(await locked(() => Promise.resolve({ mode: "compliance", until: seconds, legalHold: false })), {
    lock: { until: seconds },
  });
});

t.test("a store that refuses is a warning, a job that is cancelled is none", async (t) => {
  const refused = (): Promise<never> => Promise.reject(new BackupError("STORE_FAILED", "No lock here."));
  t.match(await locked(refused), { warning: { message: /: No lock here\.$/ } });
  const stop = new AbortController();
  stop.abort(new BackupError("JOB_CANCELLED", "The job was cancelled."));
  await t.rejects(locked(refused, { signal: stop.signal }), { code: "JOB_CANCELLED" });
});
