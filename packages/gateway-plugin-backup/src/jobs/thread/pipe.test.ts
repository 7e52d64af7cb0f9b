import { readdirSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { throughPipe, type PipeRun } from "./pipe.js";

const MiB = 1024 * 1024;

interface Sh {
  readonly run: PipeRun;
  readonly abort: AbortController;
  readonly left: () => readonly string[];
}

/** A pipe through the shell, which stands for any program. */
function sh(t: Test, script: string, program = "/bin/sh"): Sh {
  const directory = join(t.testdir({}), "made", "here");
  const abort = new AbortController();
  const command = { name: "sh", program, args: ["-c", script] };
  return { run: { command, directory, signal: abort.signal }, abort, left: () => readdirSync(directory) };
}

async function* chunks(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

async function all(given: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of given) parts.push(part);
  return Buffer.concat(parts);
}

t.test("bytes go through, however much on both sides", async (t) => {
  const { run, left } = sh(t, "exec cat");
  const large = Buffer.alloc(9 * MiB, "abc");
  t.ok(
    (await all(throughPipe(chunks(large, "end"), run))).equals(Buffer.concat([large, Buffer.from("end")])),
  );
  t.strictSame(left(), []);
});

t.test("the memory of a chunk is not read after the next was asked for", async (t) => {
  const { run } = sh(t, "sleep 0.1; exec cat");
  async function* reused(): AsyncGenerator<Uint8Array> {
    const memory = Buffer.alloc(MiB);
    for (const letter of "xyz") yield await Promise.resolve(memory.fill(letter));
    memory.fill("-");
  }
  const given = await all(throughPipe(reused(), run));
  t.ok(given.equals(Buffer.concat(["x", "y", "z"].map((letter) => Buffer.alloc(MiB, letter)))));
});

// That its environment is empty is seen in `test/src/encryption.test.ts`: the test runner puts its own into every child.
t.test("the program has an empty directory of its own", async (t) => {
  const { run } = sh(t, "cat > /dev/null; echo $(pwd) $(ls -A | wc -l)");
  t.match((await all(throughPipe(chunks("x"), run))).toString(), /made\/here\/pipe-\w+ 0\n$/);
});

for (const [title, script, message] of [
  [
    "says why",
    "cat > /dev/null; echo no identity matched >&2; exit 3",
    /^sh \(\/bin\/sh\) ended with 3\. It said: no identity matched$/,
  ],
  ["says nothing", "cat > /dev/null; exit 1", /ended with 1\. It said nothing\.$/],
  ["is killed", "kill -9 $$", /was ended by SIGKILL/],
  ["reads no more", "head -c 10 > /dev/null; exit 0", /ended before it had read all/],
  ["says very much", "cat > /dev/null; yes word | head -c 100000 >&2; exit 1", /It said: .{1900,2048}$/s],
] as const) {
  t.test(`a program that fails fails the pipe: it ${title}`, async (t) => {
    const { run, left } = sh(t, script);
    const input = chunks(Buffer.alloc(4 * MiB), Buffer.alloc(4 * MiB));
    await t.rejects(all(throughPipe(input, run)), { code: "PIPE_FAILED", exitCode: 1, message });
    t.strictSame(left(), []);
  });
}

t.test("a program that is not there fails the pipe", async (t) => {
  const { run, left } = sh(t, "", "/no/such/program");
  await t.rejects(all(throughPipe(chunks("x"), run)), {
    code: "PIPE_FAILED",
    message: /could not be run: .*ENOENT/,
  });
  t.strictSame(left(), []);
});

t.test("an input that fails ends the program, and its own error is told", async (t) => {
  const { run, left } = sh(t, "exec cat");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from("x"));
    throw new Error("the tenant is gone");
  }
  await t.rejects(all(throughPipe(failing(), run)), { message: "the tenant is gone" });
  t.strictSame(left(), []);
});

t.test("an abort ends a program that waits for ever", async (t) => {
  const { run, abort, left } = sh(t, "echo begun; exec sleep 1000");
  const given = throughPipe(chunks("x"), run);
  t.match(Buffer.from((await given.next()).value as Uint8Array).toString(), "begun");
  abort.abort(new Error("cancelled"));
  await t.rejects(given.next(), { message: "cancelled" });
  t.strictSame(left(), []);
});

t.test("who wants no more ends the program", async (t) => {
  const { run, left } = sh(t, "exec yes");
  for await (const chunk of throughPipe(chunks(), run)) {
    t.ok(chunk.length > 0);
    break;
  }
  t.strictSame(left(), []);
});
