/** What is fuzzed, and what must hold of each input. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BackupError,
  decodeSeekTable,
  DEFAULT_LIMITS,
  encodeSeekTable,
  encrypted,
  type ForeignEntry,
  FrameCompressor,
  memorySource,
  openEncrypted,
  readIndex,
  TarReader,
} from "@openclaw/gateway-plugin-backup/testing";
import { foreignArchives, nativeArchives, nativeIndex } from "./good-archives.js";
import { mutations } from "./mutations.js";
import type { Extracted, Sandbox, Tree } from "./sandbox.js";
import { structuredArchive } from "./structured.js";

/** Runs a check on an input; whoever runs the targets notes the input that fails. */
export type Trial = (input: Uint8Array, check: () => Promise<void> | void) => Promise<void>;

export interface Target {
  readonly name: string;
  property(sandbox: Sandbox, trial: Trial): fc.IAsyncProperty<unknown>;
}

/** Of no use to anyone: it is public. */
const IDENTITY = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
const RECIPIENT = "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef";

export const targets: readonly Target[] = [
  {
    name: "bytes of our archives",
    property: (sandbox, trial) => {
      const archives = nativeArchives();
      const good = new Map<Buffer, Promise<Extracted | undefined>>();
      return fc.asyncProperty(fc.constantFrom(...archives), mutations, async (archive, mutate) => {
        const expected = await (good.get(archive) ?? remember(good, archive, sandbox.extract(archive)));
        const changed = mutate(archive);
        await trial(changed, async () => {
          const extracted = await sandbox.extract(changed);
          // Without its index an archive is like another tool's: what is left of it may be whole or not.
          if (extracted?.hadIndex === true) assert.deepEqual(extracted.tree, expected?.tree);
        });
      });
    },
  },
  {
    name: "bytes of other tools' archives",
    property: (sandbox, trial) =>
      fc.asyncProperty(fc.constantFrom(...foreignArchives()), mutations, async (archive, mutate) => {
        const changed = mutate(archive);
        await trial(changed, async () => {
          await sandbox.extract(changed);
        });
      }),
  },
  {
    name: "encrypted archives",
    property: (_, trial) => {
      const plain = nativeArchives()[0] ?? Buffer.alloc(0);
      const form = fc.constantFrom("binary", "armored");
      const file = encrypted([RECIPIENT], plain);
      return fc.asyncProperty(form, mutations, async (form, mutate) => {
        const changed = mutate(form === "binary" ? await file : armored(await file));
        await trial(changed, async () => {
          const given = await decrypted(changed);
          assert.ok(given === undefined || plain.equals(given), "other bytes came out");
        });
      });
    },
  },
  {
    name: "archives with contradictions",
    property: (sandbox, trial) =>
      fc.asyncProperty(structuredArchive, async ({ archive }) => {
        await trial(archive, async () => {
          const extracted = await sandbox.extract(archive);
          if (extracted?.hadIndex !== true) return;
          // The tar alone, as any other tool reads it, gives the same tree: the index cannot contradict it.
          const alone = await sandbox.extract(segmentsOf(archive));
          assert.deepEqual(alone && withoutTimes(alone.tree), withoutTimes(extracted.tree));
        });
      }),
  },
  {
    name: "seek tables",
    property: (_, trial) => {
      const size = fc.record({ stored: fc.integer({ min: 8, max: 100 }), raw: fc.nat({ max: 100 }) });
      const table = fc.array(size, { maxLength: 20 }).map((frames) => encodeSeekTable(frames));
      return fc.asyncProperty(table, mutations, fc.nat({ max: 3000 }), async (good, mutate, before) => {
        const bytes = mutate(good);
        await trial(bytes, () => {
          for (const objectSize of [bytes.length, bytes.length + before, 2 ** 52])
            refusedOr(() => {
              const read = decodeSeekTable(bytes, objectSize);
              if (read === undefined || "needBytes" in read) return;
              const sum = read.frames.reduce((total, { stored }) => total + stored, read.tableBytes);
              assert.equal(sum, objectSize);
            });
        });
      });
    },
  },
  {
    name: "index lines",
    property: (_, trial) =>
      fc.asyncProperty(fc.constant(nativeIndex()), mutations, async (lines, mutate) => {
        const payload = payloadOf(mutate(lines));
        await trial(payload, () => refusedOr(() => Array.from(readIndex(payload, DEFAULT_LIMITS))));
      }),
  },
  {
    name: "tar headers",
    property: (_, trial) => {
      const tars = foreignArchives().slice(0, 3);
      const cut = fc.integer({ min: 1, max: 700 });
      return fc.asyncProperty(fc.constantFrom(...tars), mutations, cut, async (tar, mutate, chunkBytes) => {
        const bytes = mutate(tar);
        await trial(bytes, () =>
          assert.deepEqual(tarEvents(bytes, chunkBytes), tarEvents(bytes, bytes.length + 1)),
        );
      });
    },
  },
];

function remember<K, V>(map: Map<K, V>, key: K, value: V): V {
  map.set(key, value);
  return value;
}

/** Runs a decoder, which may refuse what it is given, but in no other way than with exit code 7. */
function refusedOr(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof BackupError) || error.exitCode !== 7) throw error;
  }
}

/** The whole content of an age file; undefined where it is refused. */
async function decrypted(file: Uint8Array): Promise<Buffer | undefined> {
  const given: Uint8Array[] = [];
  try {
    const source = await openEncrypted(memorySource(file), { identities: [IDENTITY] });
    for await (const chunk of source.read(0, source.size)) given.push(chunk);
  } catch (error) {
    if (error instanceof BackupError && error.exitCode === 7) return undefined;
    throw error;
  }
  return Buffer.concat(given);
}

function armored(file: Buffer): Buffer {
  const lines = file.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n");
  return Buffer.from(`-----BEGIN AGE ENCRYPTED FILE-----\n${lines}\n-----END AGE ENCRYPTED FILE-----\n`);
}

/** What a tar reader makes of a stream, until it ends or is refused; chunks may be cut anywhere. */
function tarEvents(bytes: Buffer, chunkBytes: number): readonly unknown[] {
  const events: unknown[] = [];
  let content = 0;
  const reader = new TarReader("Archive test", {
    entry: (entry: ForeignEntry) => events.push(entry),
    content: (part) => (content += part.length),
    entryEnd: () => {
      events.push(content);
      content = 0;
    },
  });
  refusedOr(() => {
    for (let at = 0; at < bytes.length; at += chunkBytes) reader.write(bytes.subarray(at, at + chunkBytes));
    reader.end();
    events.push("whole");
  });
  return events;
}

/** Bytes as an index holds its lines: the first in a frame of its own. */
function payloadOf(lines: Buffer): Buffer {
  const compressor = new FrameCompressor(1);
  const headerEnd = lines.indexOf("\n") + 1;
  return Buffer.concat([
    compressor.compress(lines.subarray(0, headerEnd)),
    compressor.compress(lines.subarray(headerEnd)),
  ]);
}

/** The frames before the index. */
function segmentsOf(archive: Buffer): Buffer {
  const table = decodeSeekTable(archive, archive.length);
  assert.ok(table !== undefined && "frames" in table);
  const index = table.frames.findIndex(({ raw }) => raw === 0);
  return archive.subarray(
    0,
    table.frames.slice(0, index).reduce((sum, { stored }) => sum + stored, 0),
  );
}

/** The tar has whole seconds, within limits. */
function withoutTimes(tree: Tree): unknown {
  return Object.entries(tree).map(([path, { mtimeNs, ...entry }]) => [path, entry]);
}
