/**
 * The form of an age file as text (C2SP, age.md, "ASCII armor"; RFC 7468, strict): lines of 64 characters of base64 between
 * two marks. Lines of one length have their places, so any range of the bytes can be read without what stands before it.
 */
import type { BackupError } from "../../errors.js";
import { damaged } from "../damage.js";
import { type ArchiveSource, archiveSubject, readExactly, readRange } from "../source.js";
import { inPieces } from "./pieces.js";

const BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
const END = "-----END AGE ENCRYPTED FILE-----";
const LINE_CHARACTERS = 64;
const LINE_BYTES = 48;
/** What is looked at for the end: its mark, the line before it, and some white space behind, which is allowed. */
const ENDING_BYTES = 1024;
/** Lines that are decoded at once. */
const LINES_AT_ONCE = 1024;

/** `first`: the file's first bytes. */
export function isArmored(first: Buffer): boolean {
  return first.subarray(0, BEGIN.length).equals(Buffer.from(BEGIN));
}

interface Armor {
  /** Where the lines are in the text. */
  readonly start: number;
  readonly end: number;
  readonly lineEnd: "\n" | "\r\n";
}

/** The bytes that an armored file stands for. Throws ARCHIVE_DAMAGED. */
export async function dearmored(text: ArchiveSource, first: Buffer): Promise<ArchiveSource> {
  const lineEnd = first[BEGIN.length] === 0x0d ? "\r\n" : "\n";
  const start = BEGIN.length + lineEnd.length;
  const endingStart = Math.max(text.size - ENDING_BYTES, 0);
  const ending = (await readRange(text, endingStart, text.size)).toString("latin1").trimEnd();
  if (first.toString("latin1", BEGIN.length, start) !== lineEnd || !ending.endsWith(lineEnd + END))
    throw irregular(text);
  const last = ending.slice(0, -END.length);
  const armor = { start, end: endingStart + last.length, lineEnd } as const;
  const size = bytesIn(armor, last);
  if (size === undefined) throw irregular(text);
  return { size, describe: text.describe, read: (from, to) => read(text, armor, from, to) };
}

/** What the lines hold; `last` ends with the last of them. Undefined where that has no length that it may have. */
function bytesIn({ start, end, lineEnd }: Armor, last: string): number | undefined {
  const lines = Math.ceil((end - start) / (LINE_CHARACTERS + lineEnd.length));
  const characters = end - start - lines * lineEnd.length;
  const base64 = last.trimEnd();
  const padding = base64.length - base64.replace(/={1,2}$/, "").length;
  const isRegular = characters % 4 === 0 && !last.endsWith(lineEnd + lineEnd);
  return isRegular ? (characters / 4) * 3 - padding : undefined;
}

async function* read(
  text: ArchiveSource,
  { start, end, lineEnd }: Armor,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stride = LINE_CHARACTERS + lineEnd.length;
  const lineOf = (line: number): number => Math.min(start + line * stride, end);
  let position = Math.floor(from / LINE_BYTES) * LINE_BYTES;
  const lines = readExactly(text, lineOf(position / LINE_BYTES), lineOf(Math.ceil(to / LINE_BYTES)));
  for await (const piece of inPieces(lines, LINES_AT_ONCE * stride)) {
    const bytes = decode(piece.toString("latin1"), lineEnd);
    if (bytes === undefined) throw irregular(text);
    yield bytes.subarray(Math.max(from - position, 0), to - position);
    position += bytes.length;
  }
}

/** Undefined for what an encoder would not write: then two readers could take it for two things. */
function decode(text: string, lineEnd: string): Buffer | undefined {
  const lines = text.split(lineEnd);
  const base64 = lines.join("");
  const bytes = Buffer.from(base64, "base64");
  const behind = lines.pop();
  const last = lines.pop();
  const isRegular = behind === "" && last !== "" && lines.every(({ length }) => length === LINE_CHARACTERS);
  return isRegular && bytes.toString("base64") === base64 ? bytes : undefined;
}

function irregular(text: ArchiveSource): BackupError {
  return damaged("age armor", `${archiveSubject(text)} is not regular age armor.`, {
    hint: "It is damaged, or something has altered its lines. If `age -d` opens it, restore what that gives.",
  });
}
