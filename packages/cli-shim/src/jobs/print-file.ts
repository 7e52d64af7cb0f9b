/** A file out of an archive, as bytes on stdout. */
import { createHash } from "node:crypto";
import type { Context } from "../context.js";
import { CommandError, cliError } from "../errors.js";

const UNTRUSTED = "What was printed is not to be trusted.";

/**
 * Prints a file. An answer that breaks off is asked for again from where it broke: that goes on, or says why it cannot.
 * Throws what the gateway answers; where something was printed before, the hint says what to think of it.
 */
export async function printFile(context: Context, request: object): Promise<void> {
  const client = context.client();
  const digest = createHash("sha256");
  let printed = 0;
  let expected: string | null | undefined;
  try {
    for (let complete = false; !complete;) {
      const before = printed;
      const body = { ...request, skip: printed };
      const { headers, chunks } = await client.download(
        "/api/admin/archives/cat",
        body,
        "application/octet-stream",
      );
      expected ??= headers.get("repr-digest");
      if (headers.get("repr-digest") !== expected)
        throw cliError("FILE_CHANGED", "The archive was replaced while the file was read");
      try {
        for await (const chunk of chunks) {
          await context.output.bytes(chunk);
          digest.update(chunk);
          printed += chunk.length;
        }
        complete = true;
      } catch (error) {
        if (printed === before || !(error instanceof CommandError)) throw error;
      }
    }
    if (expected !== `sha-256=:${digest.digest("base64")}:`)
      throw cliError("FILE_CHANGED", "The file was altered on its way from the gateway");
  } catch (error) {
    if (printed === 0 || !(error instanceof CommandError)) throw error;
    const { hint, ...problem } = error.problem;
    throw new CommandError(
      { ...problem, hint: hint === undefined ? UNTRUSTED : `${UNTRUSTED} ${hint}` },
      { cause: error },
    );
  }
}
