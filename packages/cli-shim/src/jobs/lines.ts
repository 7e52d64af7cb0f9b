/** Lists that the gateway streams as JSON lines, the last of which says that the list is whole. */
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import type { ListEnd, ListLine } from "../views.js";
import { splitLines } from "./split-lines.js";

/**
 * Prints a list as it comes: with `--json` the gateway's own lines, else what `describe` makes of each but the last.
 * Returns that one. Throws `LIST_INCOMPLETE` when it is missing.
 */
export async function printLines(
  context: Context,
  path: string,
  body: object,
  describe: (line: ListLine) => string,
): Promise<ListEnd> {
  const { chunks } = await context.client().download(path, body, "application/jsonl");
  let end: ListEnd | undefined;
  for await (const text of splitLines(chunks)) {
    // The gateway's schema says what is in a line.
    const line = JSON.parse(text) as ListLine | ListEnd;
    if (line.kind === "end") {
      end = line;
      context.output.item(line);
    } else {
      context.output.line(text, () => describe(line));
    }
  }
  if (end !== undefined) return end;
  throw cliError("LIST_INCOMPLETE", "The gateway broke the list off", {
    hint: "The gateway's log says why; run the command again.",
  });
}
