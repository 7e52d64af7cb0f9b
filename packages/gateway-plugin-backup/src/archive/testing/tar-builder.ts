/** Tar streams piece by piece, as other tools would never write them. Strings stand for bytes (Latin-1). */
import { tarPadding } from "../tar-header.js";

export interface TarPart {
  readonly name?: string;
  /** "0" by default. */
  readonly typeFlag?: string;
  readonly content?: string | Buffer;
  /** Instead of the content's length. */
  readonly size?: number;
  readonly mode?: number;
  readonly seconds?: number;
  readonly target?: string;
  /** Magic and version; POSIX ustar by default. */
  readonly magic?: string;
  readonly prefix?: string;
  /** Raw bytes for fields that the above cannot say, by offset. */
  readonly patch?: Readonly<Record<number, string>>;
}

export const POSIX_MAGIC = "ustar\x0000";
export const GNU_MAGIC = "ustar  \0";
export const TAR_ENDING = Buffer.alloc(1024);

/** A header block with a right checksum, the content and its padding. */
export function tarPart(part: TarPart): Buffer {
  const { name = "", typeFlag = "0", mode = 0o644, seconds = 1_700_000_000, target = "", prefix = "" } = part;
  const content =
    typeof part.content === "string"
      ? Buffer.from(part.content, "latin1")
      : (part.content ?? Buffer.alloc(0));
  const block = Buffer.alloc(512);
  block.write(name, 0, "latin1");
  block.write(octal(mode, 7), 100, "latin1");
  block.write(octal(part.size ?? content.length, 11), 124, "latin1");
  block.write(octal(seconds, 11), 136, "latin1");
  block.write(typeFlag, 156, "latin1");
  block.write(target, 157, "latin1");
  block.write(part.magic ?? POSIX_MAGIC, 257, "latin1");
  if (prefix !== "") block.write(prefix, 345, "latin1");
  for (const [offset, bytes] of Object.entries(part.patch ?? {}))
    block.write(bytes, Number(offset), "latin1");
  block.write("        ", 148, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return Buffer.concat([block, content, Buffer.alloc(tarPadding(content.length))]);
}

/** A pax extended header for the entry that follows, or for all that follow ("g"). */
export function paxPart(records: Readonly<Record<string, string>>, typeFlag: "x" | "g" = "x"): Buffer {
  const content = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length++;
    return `${length}${rest}`;
  });
  return tarPart({ name: "PaxHeaders/x", typeFlag, content: content.join("") });
}

/** GNU tar's header for a name ("L") or a link's target ("K") that is too long for the entry's own. */
export function gnuLongPart(name: string, typeFlag: "L" | "K" = "L"): Buffer {
  return tarPart({ name: "././@LongLink", typeFlag, content: `${name}\0`, magic: GNU_MAGIC });
}

/** A whole tar of these parts. */
export function tarOf(...parts: (TarPart | Buffer)[]): Buffer {
  return Buffer.concat([...parts.map((part) => (Buffer.isBuffer(part) ? part : tarPart(part))), TAR_ENDING]);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
