import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { acquireStateLock } from "./lock.js";

t.test("a second gateway is refused at once, in this process and in another", async (t) => {
  const file = path.join(t.testdir(), "gateway.lock");
  const lock = acquireStateLock(file);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.throws(() => acquireStateLock(file), { code: "STATE_LOCKED", exitCode: 4 });
  t.equal(
    await lockInAnotherProcess(file).result,
    "STATE_LOCKED",
    "the refusal above has not dropped the lock",
  );
  lock.release();
  acquireStateLock(file).release();
});

t.test("a gateway that was killed holds nothing", async (t) => {
  const file = path.join(t.testdir(), "gateway.lock");
  const other = lockInAnotherProcess(file);
  t.equal(await other.result, "held");
  t.throws(() => acquireStateLock(file), { code: "STATE_LOCKED" });
  other.child.kill("SIGKILL");
  await once(other.child, "exit");
  acquireStateLock(file).release();
});

t.test("a lock that cannot be made is another error than one that is held", (t) => {
  const directory = t.testdir({
    "gateway.lock": "not a database, and long enough to be seen as none".repeat(20),
  });
  t.throws(() => acquireStateLock(path.join(directory, "gateway.lock")), { code: "STATE_UNUSABLE" });
  t.throws(() => acquireStateLock(path.join(directory, "missing", "gateway.lock")), {
    code: "STATE_UNUSABLE",
  });
  t.end();
});

/** Says "held" or the error's code, and lives on while it holds the lock. */
function lockInAnotherProcess(file: string) {
  const script = `
    import { acquireStateLock } from ${JSON.stringify(new URL("./lock.js", import.meta.url).href)};
    try { acquireStateLock(${JSON.stringify(file)}); console.log("held"); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.code); }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const result = once(child.stdout, "data").then(([chunk]) => String(chunk).trim());
  return { child, result };
}
