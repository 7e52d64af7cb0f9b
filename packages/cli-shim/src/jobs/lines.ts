/** Lists that the gateway streams as JSON lines, the last of which says that the list is whole. */
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { splitLines } from "./split-lines.js";

interface Line {
  readonly kind: string;
}

/** A list of the gateway: where it is asked for, with what, and how a line of it is shown to people. */
export interface LineList<L extends Line> {
  readonly path: string;
  readonly body: object;
  describe(line: L): string;
}

/**
 * Prints a list as it comes: with `--json` the gateway's own lines, else what `describe` makes of each but the last.
 * Returns that one, whose `kind` is `end`. Throws `LIST_INCOMPLETE` when it is missing.
 */
export async function printLines<L extends Line>(context: Context, list: LineList<L>): Promise<Line> {
  const { chunks } = await context.client().download(list.path, list.body, "application/jsonl");
  let end: Line | undefined;
  for await (const text of splitLines(chunks)) {
    const line = JSON.parse(text) as Line;
    if (line.kind === "end") {
      end = line;
      context.output.item(line);
    } else {
      // The gateway's schema says what is in a line.
      context.output.line(text, () => list.describe(line as L));
    }
  }
  if (end !== undefined) return end;
  throw cliError("LIST_INCOMPLETE", "The gateway broke the list off", {
    hint: "The gateway's log says why; run the command again.",
  });
}
