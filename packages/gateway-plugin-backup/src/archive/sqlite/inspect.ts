/** Tells databases from other files. For the helper process only: see `helper.ts`. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { nameIn } from "../confined.js";
import type { RawPath } from "../raw-path.js";
import { systemCode, systemReason } from "../system-error.js";
import { identityOf, mayBeDatabase, SQLITE_MAGIC } from "./protocol.js";
import type { Verdict } from "./protocol.js";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * First bytes of the files that SQLite keeps beside a database, also beside one whose pages an extension encrypts.
 * sqlite.org/fileformat.html: section 4.1 (WAL, either checksum order), section 3 (journal); sqlite.org/walformat.html,
 * section 2.1 (WAL index: version 3007000 in the machine's byte order).
 */
const SIDECAR_MAGICS: readonly (readonly [suffix: string, magic: string])[] = [
  ["-wal", "377f0682"],
  ["-wal", "377f0683"],
  ["-journal", "d9d505f920a163d7"],
  ["-shm", "18e22d00"],
  ["-shm", "002de218"],
];

export function inspect(directory: number, name: RawPath): Verdict {
  try {
    return judge(directory, name);
  } catch (error) {
    return { kind: "unreadable", identity: "", reason: systemReason(error) };
  }
}

function judge(directory: number, name: RawPath): Verdict {
  const head = readHead(directory, name, SQLITE_MAGIC.length);
  if (head === undefined) return { kind: "gone", identity: "" };
  const { identity } = head;
  if (!head.candidate) return { kind: "plain", identity };
  if (head.bytes.equals(SQLITE_MAGIC)) return { kind: "database", identity };
  const encrypted = SIDECAR_MAGICS.some(([suffix, magic]) => {
    const sidecar = readHead(directory, `${name}${suffix}` as RawPath, magic.length / 2);
    return sidecar?.bytes.toString("hex") === magic;
  });
  return { kind: encrypted ? "encrypted" : "plain", identity };
}

interface Head {
  readonly bytes: Buffer;
  readonly identity: string;
  readonly candidate: boolean;
}

/**
 * The first bytes of a regular file; undefined when nothing or something else has the name. Throws what the system says
 * when the file is there and cannot be read.
 */
export function readHead(directory: number, name: RawPath, length: number): Head | undefined {
  let handle: number;
  try {
    handle = openSync(nameIn(directory, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = systemCode(error);
    // ENXIO: a socket.
    if (code === "ENOENT" || code === "ELOOP" || code === "ENXIO") return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(handle, { bigint: true });
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.alloc(length);
    const count = readSync(handle, bytes, 0, length, 0);
    return { bytes: bytes.subarray(0, count), identity: identityOf(stats), candidate: mayBeDatabase(stats) };
  } finally {
    closeSync(handle);
  }
}
