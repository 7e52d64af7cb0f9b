/** What differs between two archives, line by line, kept small: there may be very many. */
import type { EntryLine } from "./entry-tree.js";

export type DifferenceKind = "added" | "removed" | "changed" | "unexplained";

export const KINDS: readonly DifferenceKind[] = ["added", "removed", "changed", "unexplained"];

type Facts = Pick<EntryLine, "type" | "size" | "mtimeNs">;

/** A line of `POST /archives/diff`, its last one included. */
export interface DifferenceLine extends Partial<Facts> {
  readonly kind: DifferenceKind | "end";
  readonly path?: string;
  readonly path64?: string;
  readonly changes?: readonly string[];
  readonly before?: Facts;
  readonly after?: Facts;
  readonly unchanged?: number;
}

export interface Difference {
  readonly kind: DifferenceKind;
  readonly path: string;
  readonly changes: string;
  readonly type: string;
  /** Of files. */
  readonly sizeBefore?: number;
  readonly sizeAfter?: number;
}

/** Equal texts are one. */
const CHANGES = new Map<string, string>();

const CHANGE_WORDS: Readonly<Record<string, string>> = {
  type: "another kind of entry",
  mode: "permissions",
  size: "size",
  content: "content",
  time: "time",
  target: "link target",
};

export function differenceOf(line: DifferenceLine, kind: DifferenceKind): Difference {
  const { path = rawName(line.path64 ?? ""), changes = [], before, after } = line;
  const facts = { ...(after ?? before ?? line) };
  const sizeOf = (of: Partial<Facts> | undefined): number | undefined =>
    of?.type === "file" ? of.size : undefined;
  const sizeBefore = sizeOf(kind === "removed" ? line : before);
  const sizeAfter = sizeOf(kind === "added" ? line : after);
  return {
    kind,
    path,
    changes: wordsOf(changes),
    type: facts.type ?? "file",
    ...(sizeBefore === undefined ? {} : { sizeBefore }),
    ...(sizeAfter === undefined ? {} : { sizeAfter }),
  };
}

function wordsOf(changes: readonly string[]): string {
  const key = changes.join();
  const known = CHANGES.get(key) ?? changes.map((change) => CHANGE_WORDS[change] ?? change).join(", ");
  CHANGES.set(key, known);
  return known;
}

function rawName(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}
