/**
 * Pax extended headers as other tools write them (POSIX.1-2017, `pax`, "pax Extended Header"). Pure decoding; values
 * stay bytes. Only what a restore uses is kept, so that a header of a million records takes no memory.
 */
import { TarHeaderError } from "./foreign-tar-header.js";
import { type RawPath, rawPathFromBytes } from "./raw-path.js";

export interface PaxRecords {
  readonly path?: RawPath;
  readonly linkpath?: RawPath;
  readonly size?: RawPath;
  readonly mtime?: RawPath;
  /** The entry's content is a map of its holes and what lies between them, in one of the dialects there are. */
  readonly sparse?: boolean;
}

const USED = ["path", "linkpath", "size", "mtime"] as const;
/** GNU tar (all three of its formats), Schily's star, Solaris: docs of each, and libarchive's tar reader. */
const SPARSE = /^(?:GNU\.sparse\.|SCHILY\.realsize$|SUN\.holesdata$)/;
const NS_PER_SECOND = 1_000_000_000n;

/**
 * The records of an extended header. One of {@link USED} that stands twice is refused: the standard lets the last one
 * win, not every reader does, and nobody writes such a header in good faith. Throws {@link TarHeaderError}.
 */
export function decodePaxRecords(bytes: Uint8Array): PaxRecords {
  const records: { -readonly [Key in keyof PaxRecords]: PaxRecords[Key] } = {};
  const all: string = rawPathFromBytes(bytes);
  for (let position = 0; position < all.length;) {
    const space = all.indexOf(" ", position);
    const digits = all.slice(position, space);
    const end = position + Number(digits);
    const equals = all.indexOf("=", space);
    const wellFormed =
      /^[1-9][0-9]{0,9}$/.test(digits) && end <= all.length && space < equals && equals < end;
    if (!wellFormed || all[end - 1] !== "\n")
      throw new TarHeaderError("pax records", "its pax records are malformed");
    const key = all.slice(space + 1, equals);
    const used = USED.find((name) => name === key);
    if (used !== undefined) {
      if (records[used] !== undefined)
        throw new TarHeaderError("pax record twice", `its pax record "${used}" stands twice`);
      records[used] = all.slice(equals + 1, end - 1) as RawPath;
    } else if (SPARSE.test(key)) {
      records.sparse = true;
    }
    position = end;
  }
  return records;
}

/** A pax time in nanoseconds: decimal seconds, with or without a fraction. Throws {@link TarHeaderError}. */
export function decodePaxTime(value: string): bigint {
  const match = /^(-?)([0-9]{1,18})(?:\.([0-9]*))?$/.exec(value);
  if (match === null) throw new TarHeaderError("pax mtime", "its pax mtime is malformed");
  const [, sign, seconds = "", fraction = ""] = match;
  const ns = BigInt(seconds) * NS_PER_SECOND + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -ns : ns;
}

/** A pax size: decimal bytes. Throws {@link TarHeaderError}. */
export function decodePaxSize(value: string): number {
  const size = /^[0-9]{1,16}$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(size)) throw new TarHeaderError("pax size", "its pax size is malformed");
  return size;
}
