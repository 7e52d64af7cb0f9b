/** Splits the line of `--cmd` into words as a shell would, without being one. */
import { GatewayError } from "../errors.js";
import { dateTextProblem } from "./date-text.js";

/** What joins, redirects or groups commands in a shell; `{` and `}` stand in names: `{tenant}`. */
const OPERATORS = "|&;<>()";

/**
 * The words of a command line: quotes and backslashes as in sh; `$(date …)` stays in its word, to be filled in at each
 * run. Throws `COMMAND_REFUSED` with the reason for everything that would need a shell.
 */
export function commandWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < line.length) {
    const char = line.charAt(at);
    if (char === "\n" || char === "\r" || char === "\0") throw refused("it is more than one line");
    if (char === " " || char === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
      continue;
    }
    const { text, length } = piece(line, at);
    word = (word ?? "") + text;
    at += length;
  }
  if (word !== undefined) words.push(word);
  for (const one of words) {
    const problem = dateTextProblem(one);
    if (problem !== undefined) throw refused(problem);
  }
  return words;
}

/** @param reason Follows "This command cannot be scheduled:". */
export function refused(reason: string): GatewayError {
  return new GatewayError("COMMAND_REFUSED", `This command cannot be scheduled: ${reason}`);
}

interface Piece {
  readonly text: string;
  /** Of what it was written as. */
  readonly length: number;
}

/** A part of a word: a quoted text, an escaped character, a substitution, or a plain character. */
function piece(line: string, at: number): Piece {
  const char = line.charAt(at);
  if (char === "'") return singleQuoted(line, at);
  if (char === '"') return doubleQuoted(line, at);
  if (char === "\\") return escaped(line, at);
  if (line.startsWith("$(", at)) return substitution(line, at);
  if (OPERATORS.includes(char)) {
    throw refused(`no shell is run, so '${char}' does nothing; quote it if it is part of a name`);
  }
  return { text: char, length: 1 };
}

function singleQuoted(line: string, at: number): Piece {
  const end = line.indexOf("'", at + 1);
  if (end === -1) throw refused("a ' is never closed");
  const text = line.slice(at + 1, end);
  if (text.includes("$")) {
    throw refused("a shell leaves a $ inside '…' as it is; leave the quotes out, or use double ones");
  }
  return { text, length: end + 1 - at };
}

function doubleQuoted(line: string, start: number): Piece {
  let text = "";
  let at = start + 1;
  while (line.charAt(at) !== '"') {
    if (at >= line.length) throw refused('a " is never closed');
    const inner: Piece = line.startsWith("$(", at)
      ? substitution(line, at)
      : line.charAt(at) === "\\" && '"\\$`'.includes(line.charAt(at + 1))
        ? escaped(line, at)
        : { text: line.charAt(at), length: 1 };
    text += inner.text;
    at += inner.length;
  }
  return { text, length: at + 1 - start };
}

/** `\$(date +%F)`, as the line stands inside the double quotes of a shell script, is what stays when those are gone. */
function escaped(line: string, at: number): Piece {
  const char = line.charAt(at + 1);
  if (char === "") throw refused("it ends with a \\");
  if (line.startsWith("$(", at + 1)) {
    const inner = substitution(line, at + 1);
    return { text: inner.text, length: inner.length + 1 };
  }
  return { text: char, length: 2 };
}

function substitution(line: string, at: number): Piece {
  const end = line.indexOf(")", at);
  if (end === -1) throw refused("a $( is never closed");
  const text = line.slice(at, end + 1);
  return { text, length: text.length };
}
