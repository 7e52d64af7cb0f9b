/**
 * The helper process: the only one that opens databases of a tenant. The gateway's own process must not, in any thread,
 * with plain file calls: `close()` of any descriptor drops the POSIX locks that the process's SQLite connections hold on
 * that file, and then commits are lost.
 *
 * Started with the tenant's directory as its one argument; takes {@link HelperRequest} messages, answers each with a
 * {@link FromHelper}, in order, and ends when its parent lets go of it.
 */
import { closeSync } from "node:fs";
import { setPriority } from "node:os";
import { openDirectoryBelow, openRootDirectory } from "../confined.js";
import { systemCode, systemReason } from "../../system-error.js";
import { BACKUP_NICENESS } from "../threads/priority.js";
import { copyDatabase } from "./copy.js";
import { inspect } from "./inspect.js";
import type { CopyAnswer, FromHelper, HelperRequest, Verdict } from "./protocol.js";

/** What the system says where the directory that was walked is no longer one. */
const GONE = new Set<string | undefined>(["ENOENT", "ENOTDIR", "ELOOP"]);

setPriority(BACKUP_NICENESS);
const [, , tenantDirectory = ""] = process.argv;
const root = openRootDirectory(tenantDirectory);
let queue = Promise.resolve();

process.on("message", (request: HelperRequest) => {
  queue = queue.then(async () => {
    await send({ id: request.id, answer: await answerTo(request) });
  });
});
process.on("disconnect", () => process.exit());

/** Resolves when the message is on its way, so that it is not kept back by what comes after. */
function send(message: FromHelper): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => {
      resolve();
    });
  });
}

async function answerTo(call: HelperRequest): Promise<readonly Verdict[] | CopyAnswer> {
  try {
    return await answerIn(openDirectoryBelow(root, call.request.directory), call);
  } catch (error) {
    const answer = GONE.has(systemCode(error))
      ? ({ kind: "gone" } as const)
      : ({ kind: "unreadable", reason: systemReason(error) } as const);
    return call.method === "copy" ? answer : call.request.names.map(() => ({ ...answer, identity: "" }));
  }
}

/** Closes `directory`. */
async function answerIn(directory: number, call: HelperRequest): Promise<readonly Verdict[] | CopyAnswer> {
  try {
    if (call.method === "inspect") return call.request.names.map((name) => inspect(directory, name));
    const { name, copy, check } = call.request;
    const onCheck = (bytes: number) => send({ id: call.id, checking: bytes });
    return await copyDatabase(directory, name, copy, { onCheck, ...(check && { check }) });
  } finally {
    closeSync(directory);
  }
}
