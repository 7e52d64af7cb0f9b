/** What every store must do, as one suite that each backend passes. */
import { createCipheriv, createHash } from "node:crypto";
import type { Test } from "tap";
import { BackupError, type BackupErrorCode } from "../errors.js";
import type {
  ByteRange,
  CreateOptions,
  Leftover,
  ObjectInfo,
  ReadOptions,
  Store,
  StoredObject,
} from "./store.js";

export interface ConformanceSetup {
  readonly store: Store;
  /** The key of an archive with this relative name; names share one empty place of their own. */
  readonly key: (name: string) => string;
  /** Everything unfinished that is left in that place. */
  readonly traces: () => Promise<readonly string[]>;
  /** How an object of one part and one of several are protected from being overwritten. */
  readonly guards: {
    readonly small: StoredObject["overwriteGuard"];
    readonly large: StoredObject["overwriteGuard"];
  };
}

const MiB = 1024 * 1024;
const SMALL = 100_000;
const LARGE = 17 * MiB;

/** Bytes that are different for every length, and never repeat. */
export function testBytes(length: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeDoubleBE(length);
  return createCipheriv("aes-128-ctr", Buffer.alloc(16), iv).update(Buffer.alloc(length));
}

/** Of an upload: bytes of the base, or of new ones, from and to. */
type Piece = { readonly copy: readonly [number, number] } | { readonly fresh: readonly [number, number] };

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export async function readAll(store: Store, key: string, options?: ReadOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(key, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What a ledger would note of an upload's leftovers. */
export class LeftoverNotes {
  readonly #noted = new Map<string, Leftover>();

  get leftovers(): readonly Leftover[] {
    return [...this.#noted.values()];
  }

  readonly options: Required<Pick<CreateOptions, "onLeftover" | "onGone">> = {
    onLeftover: (leftover) => Promise.resolve(void this.#noted.set(JSON.stringify(leftover), leftover)),
    onGone: (leftover) => void this.#noted.delete(JSON.stringify(leftover)),
  };
}

/** Writes in chunks that fit no boundary, all by the same memory. */
export async function storeArchive(
  into: Store,
  key: string,
  bytes: Uint8Array,
  options: Partial<CreateOptions> = {},
): Promise<StoredObject> {
  const upload = await into.create(key, {
    overwrite: false,
    onLeftover: () => Promise.resolve(),
    ...options,
  });
  const chunk = Buffer.alloc(1_000_003);
  for (let at = 0; at < bytes.length; at += chunk.length) {
    const taken = bytes.subarray(at, at + chunk.length);
    chunk.set(taken);
    await upload.write(chunk.subarray(0, taken.length));
    chunk.fill(0);
  }
  return upload.complete();
}

export async function rejectsWith(
  t: Test,
  promise: Promise<unknown>,
  code: BackupErrorCode,
): Promise<BackupError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BackupError && error.code === code) {
    t.pass(error.message);
    return error;
  }
  t.equal(error, code, `fails with ${code}`);
  throw error instanceof Error ? error : new Error(`Nothing failed with ${code}`);
}

export async function keysOf(objects: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects) keys.push(key);
  return keys.sort();
}

export async function storeConformance(
  t: Test,
  name: string,
  setUp: (t: Test) => Promise<ConformanceSetup>,
): Promise<void> {
  const behaviour = (
    what: string,
    check: (t: Test, setup: ConformanceSetup) => Promise<void>,
  ): Promise<unknown> => t.test(`${name}: ${what}`, async (t) => check(t, await setUp(t)));

  await behaviour(
    "what was stored is read back, whatever its size",
    async (t, { store: it, key, guards }) => {
      for (const size of [0, 1, 5 * MiB - 1, 5 * MiB, 5 * MiB + 1, 8 * MiB, 8 * MiB + 1, 30 * MiB]) {
        const bytes = testBytes(size);
        const stored = await storeArchive(it, key(`size-${size}`), bytes);
        t.equal(stored.size, size);
        t.ok(it.locate(stored.key).endsWith(stored.key));
        t.equal(stored.overwriteGuard, size > 8 * MiB ? guards.large : guards.small);
        t.equal(stored.retries, 0);
        t.equal(
          sha256(await readAll(it, stored.key, { etag: stored.etag })),
          sha256(bytes),
          `${size} bytes are equal`,
        );
        t.match(await it.head(stored.key), { key: stored.key, size, etag: stored.etag });
      }
      t.strictSame(await it.head(key("size-2")), undefined);
    },
  );

  await behaviour("a range gives its bytes and no others", async (t, { store: it, key }) => {
    const bytes = testBytes(3 * MiB);
    const archive = key("ranges");
    await storeArchive(it, archive, bytes);
    const ranges: ByteRange[] = [
      { start: 0, end: 1 },
      { start: 0, end: 3 * MiB },
      { start: 1, end: 2 * MiB + 17 },
      { start: 3 * MiB - 1, end: 3 * MiB },
      { start: 5, end: 5 },
    ];
    for (const range of ranges) {
      t.ok(
        (await readAll(it, archive, { range })).equals(bytes.subarray(range.start, range.end)),
        JSON.stringify(range),
      );
    }
    await rejectsWith(
      t,
      readAll(it, archive, { range: { start: 3 * MiB - 5, end: 3 * MiB + 5 } }),
      "STORE_FAILED",
    );
    await rejectsWith(t, readAll(it, archive, { range: { start: 4 * MiB, end: 5 * MiB } }), "STORE_FAILED");
  });

  await behaviour("a reader may stop half-way", async (t, { store: it, key }) => {
    const archive = key("stopped");
    await storeArchive(it, archive, testBytes(LARGE));
    for await (const chunk of it.read(archive)) {
      t.ok(chunk.length < LARGE);
      break;
    }
    t.equal((await readAll(it, archive)).length, LARGE);
  });

  await behaviour("the tail comes with what is known of the object", async (t, { store: it, key }) => {
    for (const size of [0, 1, 1000, MiB]) {
      const bytes = testBytes(size);
      const stored = await storeArchive(it, key(`tail-of-${size}`), bytes);
      for (const length of [0, 1, 999, 64 * 1024]) {
        const tail = await it.readTail(stored.key, length);
        t.ok(
          Buffer.from(tail.bytes).equals(bytes.subarray(Math.max(0, size - length))),
          `${length} of ${size}`,
        );
        t.match(tail.object, { key: stored.key, size, etag: stored.etag });
      }
    }
  });

  await behaviour("an existing archive is not overwritten", async (t, { store: it, key, traces }) => {
    for (const size of [SMALL, LARGE]) {
      const archive = key(`kept-${size}`);
      const first = testBytes(1000);
      const late = await it.create(archive, { overwrite: false, onLeftover: () => Promise.resolve() });
      await late.write(testBytes(size));
      await storeArchive(it, archive, first);
      await rejectsWith(t, late.complete(), "ARCHIVE_EXISTS");
      await late.abort();
      await rejectsWith(t, storeArchive(it, archive, testBytes(size)), "ARCHIVE_EXISTS");
      t.ok((await readAll(it, archive)).equals(first), "the archive is what it was");
    }
    t.strictSame(await traces(), []);
  });

  await behaviour(
    "of writers that race for one key, one wins",
    async (t, { store: it, key, guards, traces }) => {
      if (guards.small !== "atomic") return;
      const archive = key("race");
      const uploads = await Promise.all(
        [1, 2, 3, 4, 5].map(async (number) => {
          const upload = await it.create(archive, { overwrite: false, onLeftover: () => Promise.resolve() });
          await upload.write(testBytes(SMALL + number));
          return upload;
        }),
      );
      const results = await Promise.allSettled(uploads.map((upload) => upload.complete()));
      await Promise.all(uploads.map((upload) => upload.abort()));
      const won = results.filter((result) => result.status === "fulfilled").map(({ value }) => value.size);
      const lost = results
        .filter((result) => result.status === "rejected")
        .map(({ reason }) => reason as BackupError);
      t.equal(won.length, 1);
      t.strictSame(new Set(lost.map(({ code }) => code)), new Set(["ARCHIVE_EXISTS"]));
      t.equal((await it.head(archive))?.size, won[0]);
      t.strictSame(await traces(), []);
    },
  );

  await behaviour(
    "overwriting replaces, and a reader of the old one is told",
    async (t, { store: it, key }) => {
      const archive = key("replaced");
      for (const size of [SMALL, LARGE]) {
        const old = await storeArchive(it, archive, testBytes(size + 1), { overwrite: true });
        const replaced = await storeArchive(it, archive, testBytes(size), { overwrite: true });
        t.equal(replaced.overwriteGuard, "off");
        t.equal(sha256(await readAll(it, archive)), sha256(testBytes(size)));
        await rejectsWith(t, readAll(it, archive, { etag: old.etag }), "STORE_FAILED");
      }
    },
  );

  await behaviour(
    "nothing is visible before it is complete, and an abort leaves nothing",
    async (t, setup) => {
      const { store: it, key } = setup;
      for (const size of [0, SMALL, LARGE]) {
        const leftovers: Leftover[] = [];
        const onLeftover = (leftover: Leftover): Promise<void> =>
          Promise.resolve(void leftovers.push(leftover));
        const upload = await it.create(key("deep/er/aborted"), { overwrite: false, onLeftover });
        await upload.write(testBytes(size));
        t.equal(await it.head(key("deep/er/aborted")), undefined);
        t.strictSame(await keysOf(it.list(key(""))), []);
        await upload.abort();
        await upload.abort();
        t.strictSame(await setup.traces(), []);
        for (const leftover of leftovers) await it.discard(leftover);
      }
    },
  );

  await behaviour(
    "what a crash left behind can be discarded, twice",
    async (t, { store: it, key, traces }) => {
      const noted = new LeftoverNotes();
      const upload = await it.create(key("crashed"), { overwrite: false, ...noted.options });
      await upload.write(testBytes(LARGE));
      const { leftovers } = noted;
      t.equal(leftovers.length, 1);
      t.strictSame(JSON.parse(JSON.stringify(leftovers)), leftovers, "it can stand in a ledger");
      t.equal((await traces()).length, 1);
      for (const leftover of [...leftovers, ...leftovers]) await it.discard(leftover);
      t.strictSame(await traces(), []);
      await upload.abort();
    },
  );

  await behaviour(
    "an upload whose leftover cannot be noted leaves none",
    async (t, { store: it, key, traces }) => {
      const onLeftover = (): Promise<void> =>
        Promise.reject(new BackupError("LEDGER_UNUSABLE", "The ledger is gone"));
      const attempt = async (): Promise<void> => {
        const upload = await it.create(key("unnoted"), { overwrite: false, onLeftover });
        await upload.write(testBytes(LARGE));
      };
      await rejectsWith(t, attempt(), "LEDGER_UNUSABLE");
      t.strictSame(await traces(), []);
    },
  );

  await behaviour("a cancelled upload stops, and can be aborted", async (t, { store: it, key, traces }) => {
    const cancel = new AbortController();
    const options = { overwrite: false, onLeftover: () => Promise.resolve(), signal: cancel.signal };
    const upload = await it.create(key("cancelled"), options);
    await upload.write(testBytes(LARGE));
    cancel.abort(new BackupError("JOB_CANCELLED", "Cancelled"));
    await rejectsWith(t, upload.write(testBytes(1)), "JOB_CANCELLED");
    await rejectsWith(t, upload.complete(), "JOB_CANCELLED");
    await upload.abort();
    t.strictSame(await traces(), []);
    t.equal(await it.head(key("cancelled")), undefined);
  });

  await behaviour("a list holds what starts with the prefix", async (t, { store: it, key }) => {
    for (const one of ["acme/1", "acme/2", "acme/deep/3", "acme-staging/1", "other"]) {
      await storeArchive(it, key(one), testBytes(10));
    }
    const below = async (prefix: string): Promise<string[]> => keysOf(it.list(key(prefix)));
    t.strictSame(await below("acme/"), ["acme/1", "acme/2", "acme/deep/3"].map(key));
    t.strictSame(await below("acme"), ["acme-staging/1", "acme/1", "acme/2", "acme/deep/3"].map(key));
    t.strictSame(await below("acme/deep/3"), [key("acme/deep/3")]);
    t.equal((await below("")).length, 5);
    t.strictSame(await below("nothing/here"), []);
    const found = await it.head(key("acme/1"));
    for await (const { size, etag } of it.list(key("acme/1")))
      t.match({ size, etag }, { size: found?.size, etag: found?.etag });
  });

  await behaviour("what is not there", async (t, { store: it, key }) => {
    t.equal(await it.head(key("missing")), undefined);
    t.equal(await it.head(key("missing/er")), undefined);
    await rejectsWith(t, readAll(it, key("missing")), "ARCHIVE_NOT_FOUND");
    await rejectsWith(t, it.readTail(key("missing"), 100), "ARCHIVE_NOT_FOUND");
    await rejectsWith(t, it.readTail(key("missing"), 0), "ARCHIVE_NOT_FOUND");
    await it.remove(key("missing"));
    await it.remove(key("missing/er"));
    await storeArchive(it, key("there"), testBytes(10));
    await it.remove(key("there"));
    t.equal(await it.head(key("there")), undefined);
  });

  await behaviour("an object is removed only as it was seen", async (t, { store: it, key }) => {
    const archive = key("seen");
    await storeArchive(it, archive, testBytes(10));
    const seen = await it.head(archive);
    if (seen === undefined) throw new Error("The archive is gone.");
    await storeArchive(it, archive, testBytes(11), { overwrite: true });
    t.equal(await it.removeIfSame(seen), false);
    const replaced = await it.head(archive);
    t.equal(replaced?.size, 11, "what took its place stays");
    t.equal(replaced && (await it.removeIfSame(replaced)), true);
    t.equal(await it.head(archive), undefined);
    t.equal(replaced && (await it.removeIfSame(replaced)), true, "fine when it is gone");
    t.equal(await it.removeIfSame({ ...seen, key: key("nothing/here") }), true);
  });

  await behaviour("bytes of a base are taken over between bytes that are new", async (t, setup) => {
    const { store: it, key, traces } = setup;
    const old = testBytes(40 * MiB);
    const { size, etag } = await storeArchive(it, key("base"), old);
    const fresh = testBytes(30 * MiB);
    const histories: Readonly<Record<string, readonly Piece[]>> = {
      "all of it": [{ copy: [0, 40 * MiB] }],
      "less than a part": [{ fresh: [0, 1000] }, { copy: [5, 3 * MiB] }],
      "in pieces that lie side by side": [
        { copy: [17, MiB] },
        { copy: [MiB, 9 * MiB + 1] },
        { copy: [9 * MiB + 1, 30 * MiB] },
        { fresh: [0, 1] },
      ],
      "behind few new bytes": [{ fresh: [0, 1000] }, { copy: [MiB, 30 * MiB] }, { fresh: [1000, 1001] }],
      "behind many new bytes": [{ fresh: [0, 21 * MiB + 1] }, { copy: [0, 20 * MiB] }],
      "not in its order, and twice": [
        { copy: [20 * MiB, 40 * MiB] },
        { copy: [0, 20 * MiB] },
        { fresh: [0, 3 * MiB] },
        { copy: [10 * MiB, 30 * MiB] },
      ],
      "short runs between": [
        { copy: [0, 6 * MiB] },
        { fresh: [0, 5] },
        { copy: [7 * MiB, 7 * MiB + 3] },
        { fresh: [5, 10 * MiB] },
        { copy: [20 * MiB, 26 * MiB] },
        { fresh: [10 * MiB, 11 * MiB] },
      ],
      nothing: [{ fresh: [0, 20 * MiB] }],
    };
    for (const [what, pieces] of Object.entries(histories)) {
      const base = {
        key: key("base"),
        size,
        etag,
        fetch: (range: ByteRange) => it.read(key("base"), { range }),
      };
      const upload = await it.create(key(what), {
        overwrite: false,
        onLeftover: () => Promise.resolve(),
        base,
      });
      for (const piece of pieces) {
        if ("copy" in piece) await upload.copy({ start: piece.copy[0], end: piece.copy[1] });
        else await upload.write(fresh.subarray(...piece.fresh));
      }
      const { sentBytes, copiedBytes, fetchedBytes, ...stored } = await upload.complete();
      const expected = Buffer.concat(
        pieces.map((piece) =>
          "copy" in piece ? old.subarray(...piece.copy) : fresh.subarray(...piece.fresh),
        ),
      );
      t.equal(sha256(await readAll(it, key(what))), sha256(expected), what);
      t.equal(stored.size, expected.length);
      const freshBytes = pieces.flatMap((piece) => ("fresh" in piece ? piece.fresh[1] - piece.fresh[0] : []));
      t.equal(
        sentBytes - (fetchedBytes ?? NaN),
        freshBytes.reduce((sum, bytes) => sum + bytes, 0),
      );
      t.equal(sentBytes + (copiedBytes ?? NaN), stored.size);
    }
    t.strictSame(await traces(), []);
  });

  await behaviour("a base that is not what it was is not used", async (t, { store: it, key, traces }) => {
    const { size, etag } = await storeArchive(it, key("base"), testBytes(10 * MiB));
    const fetch = (range: ByteRange): AsyncIterable<Uint8Array> => it.read(key("base"), { range, etag });
    const attempt = async (base: CreateOptions["base"]): Promise<unknown> => {
      const upload = await it.create(key("new"), {
        overwrite: false,
        onLeftover: () => Promise.resolve(),
        ...(base === undefined ? {} : { base }),
      });
      try {
        await upload.copy({ start: 0, end: 9 * MiB });
        await upload.write(testBytes(6 * MiB));
        return await upload.complete();
      } finally {
        await upload.abort();
      }
    };
    const base = { key: key("base"), size, etag, fetch };
    const reasonOf = async (attempted: Promise<unknown>): Promise<unknown> =>
      (await rejectsWith(t, attempted, "BASE_UNUSABLE")).details?.["reason"];
    t.equal(await reasonOf(attempt({ ...base, key: key("other") })), "the base is gone");
    t.equal(await reasonOf(attempt({ ...base, size: size + 1 })), "the base is not what it was");
    t.equal(await reasonOf(attempt({ ...base, etag: "another" })), "the base is not what it was");
    await rejectsWith(t, attempt(undefined), "REQUEST_INVALID");
    const upload = await it.create(key("new"), {
      overwrite: false,
      onLeftover: () => Promise.resolve(),
      base,
    });
    for (const range of [
      { start: -1, end: 5 },
      { start: 5, end: 4 },
      { start: 0, end: size + 1 },
    ])
      await rejectsWith(t, upload.copy(range), "REQUEST_INVALID");
    await upload.abort();
    await attempt(base);
    t.strictSame(await traces(), []);
  });

  await behaviour("memory stays small, however large the archive", async (t, { store: it, key }) => {
    const chunk = testBytes(4 * MiB);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const upload = await it.create(key("big"), { overwrite: false, onLeftover: () => Promise.resolve() });
    for (let written = 0; written < 160 * MiB; written += chunk.length) {
      await upload.write(chunk);
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    t.equal((await upload.complete()).size, 160 * MiB);
    t.ok(peak < 60 * MiB, `${Math.round(peak / MiB)} MiB of buffers`);
  });
}
