/**
 * Finds out what a store can do, by doing it: with objects under a name of their own below the prefix, which are taken away
 * in the end, whatever happens.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { CheckOptions, CheckSpeed, StoreCheck } from "../check/report.js";
import type { S3StoreSettings } from "../settings.js";
import type { StoreAbilities } from "../store.js";
import { Bucket, isRefusal, S3Error, type BucketOptions } from "./bucket.js";
import { CheckContext } from "./check-context.js";
import { getBytes, isListed, objectLock, versioning } from "./check-requests.js";
import { checkUploads, SOURCE_BYTES, type CheckSource } from "./check-uploads.js";
import { inspect, putObject } from "./objects.js";
import { providerOf } from "./providers.js";

/** AWS refuses requests when the clocks differ by more than 15 minutes; a third of that is worth a word. */
const SKEW_MS = 5 * 60_000;
/** For the latency: the quickest of so many. */
const LOOKS = 3;

/**
 * Checks the store of the settings below a prefix. Throws `STORE_UNREACHABLE`, `BUCKET_NOT_FOUND`, `CREDENTIALS_MISSING`,
 * `STORE_CLOCK_SKEW`, `STORE_DENIED` where the credentials are no good at all; everything else is a finding.
 */
export async function checkBucket(
  settings: S3StoreSettings,
  prefix: string,
  options: CheckOptions,
  bucketOptions?: BucketOptions,
): Promise<StoreCheck> {
  const bucket = new Bucket(settings, bucketOptions);
  const context = new CheckContext(bucket, prefix, options);
  try {
    const checked = await withCleanUp(context, () => check(context));
    const { findings, leftBehind } = context;
    return { findings, leftBehind, ...checked };
  } finally {
    bucket.close();
  }
}

type Checked = Pick<StoreCheck, "abilities" | "speed">;

async function withCleanUp(context: CheckContext, work: () => Promise<Checked>): Promise<Checked> {
  let checked: Checked;
  try {
    checked = await work();
  } catch (error) {
    await context.cleanUp();
    throw error;
  }
  context.options.onStep("delete");
  const isClean = await context.cleanUp();
  context.find(
    isClean
      ? { what: "delete", outcome: "ok", message: "What the check had made was removed again." }
      : {
          what: "delete",
          outcome: "denied",
          message: `The store did not remove what the check had made: ${context.leftBehind.join(", ")}.`,
          consequence:
            "Archives cannot be pruned with these credentials, and what interrupted backups leave stays.",
        },
  );
  return checked;
}

async function check(context: CheckContext): Promise<Checked> {
  await lookFirst(context);
  await checkProvider(context);
  await checkClock(context);
  await checkLock(context);
  const source = await writeSource(context);
  if (source === undefined) return { abilities: {} };
  const { speed, isReadable } = await readSource(context, source);
  await checkListing(context, source.key);
  const put = await checkOverwriteGuard(context);
  const abilities: StoreAbilities = put === undefined ? {} : { put };
  if (!isReadable) return { abilities, ...speed };
  return { abilities: { ...abilities, ...(await checkUploads(context, source)) }, ...speed };
}

/** Finds a wrong address, wrong credentials and a missing bucket before anything is made. */
async function lookFirst(context: CheckContext): Promise<void> {
  context.options.onStep("read");
  try {
    await inspect(context.bucket, context.key("source"), context.request);
  } catch (error) {
    // AWS says so, instead of "not found", to credentials that may not list the bucket. They may well be able to write.
    if (error instanceof S3Error && error.fault.name === "AccessDenied") return;
    throw error;
  }
}

async function checkProvider(context: CheckContext): Promise<void> {
  const { bucket } = context;
  const provider = providerOf(await bucket.host(), await bucket.serverName());
  if (provider === undefined) return;
  const { name, quirks } = provider;
  context.find({
    what: "provider",
    outcome: "info",
    message: `The store is ${name}.`,
    ...(quirks.length === 0 ? {} : { consequence: quirks.join(" ") }),
  });
}

async function checkClock(context: CheckContext): Promise<void> {
  const { bucket, options } = context;
  const skew = (await bucket.storeTime()) - options.now();
  const seconds = Math.round(Math.abs(skew) / 1000);
  const message = `The gateway's clock and the store's differ by ${seconds} s.`;
  context.find(
    Math.abs(skew) <= SKEW_MS
      ? { what: "clock", outcome: "ok", message }
      : {
          what: "clock",
          outcome: "lacking",
          message,
          consequence:
            "From 15 minutes on stores refuse every request, and archives are named and expire by the gateway's clock: set it (NTP).",
        },
  );
}

async function checkLock(context: CheckContext): Promise<void> {
  const { bucket, request } = context;
  const key = context.key("source");
  const unknown = { outcome: "info" } as const;
  const versions = await context.attempt(
    "versioning",
    "tell whether the bucket keeps versions",
    async () => ({ status: await versioning(bucket, key, request) }),
    unknown,
  );
  if (versions !== undefined)
    context.find(
      versions.status === "Enabled"
        ? {
            what: "versioning",
            outcome: "info",
            message: "The bucket keeps versions.",
            consequence: "A prune removes exactly the version of an archive, for good.",
          }
        : { what: "versioning", outcome: "info", message: "The bucket keeps no versions." },
    );
  const lock = await context.attempt(
    "objectLock",
    "tell whether the bucket locks objects",
    async () => ({ configuration: await objectLock(bucket, key, request) }),
    unknown,
  );
  if (lock === undefined) return;
  const { configuration } = lock;
  if (configuration?.ObjectLockEnabled !== "Enabled") {
    const message = "The bucket does not lock objects.";
    context.find({ what: "objectLock", outcome: "info", message });
    return;
  }
  const { Mode, Days, Years } = configuration.Rule?.DefaultRetention ?? {};
  const period = Days === undefined ? `${Years ?? 0} years` : `${Days} days`;
  context.find({
    what: "objectLock",
    outcome: "info",
    message: `The bucket can lock objects${Mode === undefined ? "" : `; by default for ${period} (${Mode})`}.`,
    ...(Mode === undefined
      ? {}
      : { consequence: "Archives, and what this check makes, cannot be removed before that time is over." }),
  });
}

interface Written extends CheckSource {
  readonly bytesPerSecond: number;
}

/** Undefined: nothing can be stored. */
async function writeSource(context: CheckContext): Promise<Written | undefined> {
  const { bucket, request } = context;
  const key = context.key("source");
  const bytes = randomBytes(SOURCE_BYTES);
  await context.announce(key);
  return context.attempt(
    "write",
    "store objects",
    async () => {
      const startedAt = bucket.now();
      context.made(key, await put(context, key, bytes, false));
      const bytesPerSecond = rate(bytes.length, bucket.now() - startedAt);
      const { etag = "" } = { ...(await inspect(bucket, key, request)) };
      context.find({ what: "write", outcome: "ok", message: "Objects can be stored." });
      return { key, bytes, etag, bytesPerSecond };
    },
    { outcome: "failed", consequence: "No backup can be made here." },
  );
}

function put(
  { bucket, request }: CheckContext,
  key: string,
  bytes: Buffer,
  onlyNew: boolean,
): Promise<{ readonly version: string | undefined }> {
  const contentMd5 = createHash("md5").update(bytes).digest("base64");
  return putObject(bucket, key, { bytes, contentMd5, mark: randomUUID(), onlyNew }, request);
}

async function readSource(
  context: CheckContext,
  { key, bytes, bytesPerSecond: writeBytesPerSecond }: Written,
): Promise<{ readonly speed: { readonly speed?: CheckSpeed }; readonly isReadable: boolean }> {
  const { bucket, request } = context;
  const unreadable = { outcome: "failed", consequence: "Backups cannot be proved, nor restored." } as const;
  const read = await context.attempt(
    "read",
    "give objects back",
    async () => {
      const startedAt = bucket.now();
      const got = await getBytes(bucket, key, request);
      return { isRight: got.equals(bytes), bytesPerSecond: rate(bytes.length, bucket.now() - startedAt) };
    },
    unreadable,
  );
  if (read === undefined) return { speed: {}, isReadable: false };
  if (!read.isRight) {
    context.find({
      what: "read",
      ...unreadable,
      message: "The store gives back other bytes than were sent.",
    });
    return { speed: {}, isReadable: false };
  }
  context.find({ what: "read", outcome: "ok", message: "What was stored is given back as it was." });
  await checkRange(context, key, bytes);
  const speed = {
    latencyMs: await latency(context, key),
    writeBytesPerSecond,
    readBytesPerSecond: read.bytesPerSecond,
  };
  return { speed: { speed }, isReadable: true };
}

async function checkRange(context: CheckContext, key: string, bytes: Buffer): Promise<void> {
  const { bucket, request } = context;
  const isGiven = async (range: string, expected: Buffer): Promise<boolean> =>
    expected.equals(await getBytes(bucket, key, request, range));
  const none = {
    outcome: "failed",
    consequence: "Archives can neither be looked into nor restored.",
  } as const;
  const whole = await context.attempt(
    "range",
    "give ranges of objects",
    () => isGiven("bytes=100-199", bytes.subarray(100, 200)),
    none,
  );
  if (whole === undefined) return;
  context.find(
    whole
      ? { what: "range", outcome: "ok", message: "Ranges of objects can be read." }
      : {
          what: "range",
          ...none,
          message: "The store does not give the range of an object that is asked for.",
        },
  );
  const lacking = { outcome: "lacking", consequence: "Opening an archive takes one request more." } as const;
  const suffix = await context.attempt(
    "suffixRange",
    "give the last bytes of objects",
    () => isGiven("bytes=-16", bytes.subarray(-16)),
    lacking,
  );
  if (suffix === undefined) return;
  const message = suffix
    ? "The last bytes of objects can be read."
    : "The store does not give the last bytes of an object when they are asked for.";
  context.find({ what: "suffixRange", ...(suffix ? { outcome: "ok" } : lacking), message });
}

async function latency({ bucket, request }: CheckContext, key: string): Promise<number> {
  const times: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const startedAt = bucket.now();
    await inspect(bucket, key, request);
    times.push(bucket.now() - startedAt);
  }
  return Math.round(Math.min(...times));
}

async function checkListing(context: CheckContext, key: string): Promise<void> {
  const { bucket, request } = context;
  const lacking = {
    outcome: "lacking",
    consequence: "A lost catalogue cannot be made again from this store, nor its archives be listed.",
  } as const;
  const listed = await context.attempt("list", "list objects", () => isListed(bucket, key, request), lacking);
  if (listed === undefined) return;
  context.find(
    listed
      ? { what: "list", outcome: "ok", message: "Objects are listed." }
      : { what: "list", ...lacking, message: "The store does not list an object that was just stored." },
  );
}

/** Is an object that stands there safe from a conditional write? Undefined: that could not be found out. */
async function checkOverwriteGuard(context: CheckContext): Promise<boolean | undefined> {
  const key = context.key("guard");
  const lacking = {
    outcome: "lacking",
    consequence:
      "Before a small archive is stored the gateway looks whether one is there; a writer at the same moment can slip past.",
  } as const;
  await context.announce(key);
  const refused = await context.attempt(
    "overwriteGuard",
    "take a condition on a new object",
    async () => {
      context.made(key, await put(context, key, Buffer.from("1"), true));
      try {
        context.made(key, await put(context, key, Buffer.from("2"), true));
        return false;
      } catch (error) {
        if (isRefusal(error, 412)) return true;
        throw error;
      }
    },
    lacking,
  );
  if (refused === undefined) return undefined;
  context.find(
    refused
      ? { what: "overwriteGuard", outcome: "ok", message: "The store itself refuses to overwrite an object." }
      : { what: "overwriteGuard", ...lacking, message: "The store ignores the condition not to overwrite." },
  );
  return refused;
}

function rate(bytes: number, milliseconds: number): number {
  return Math.round((bytes * 1000) / Math.max(milliseconds, 1));
}
