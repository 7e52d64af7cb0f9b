/** `gateway run` as a process: what it prints, how it stops, and how it refuses to start. */
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { exitCode, runProcess, startProcess } from "../test-support/run-cli.js";

const RUN = ["gateway", "run", "--port", "0"];

/** Resolves once the gateway has printed its line. */
async function start(t: Test, args: readonly string[], env: Record<string, string>) {
  const child = startProcess(args, env);
  const code = exitCode(child);
  t.teardown(async () => {
    child.kill("SIGKILL");
    await code;
  });
  const stderr = text(child.stderr);
  const [line] = (await Promise.race([
    once(child.stdout.setEncoding("utf8"), "data"),
    code.then(async () => [`ended: ${await stderr}`]),
  ])) as [string];
  return { child, code, line, stderr };
}

t.test("--dev prints the URL, the state directory and a token, and a signal ends the gateway", async (t) => {
  const stateDir = join(t.testdir(), "state");
  const { child, code, line, stderr } = await start(t, [...RUN, "--dev"], { OPENCLAW_STATE_DIR: stateDir });
  const [, url = "", directory, token = ""] =
    /^gateway at (http:\S+), state directory (\S+), admin token (\S+)\n$/.exec(line) ?? [];
  t.equal(directory, stateDir);
  const [created, second] = await Promise.all([
    runProcess(["tenants", "create", "acme"], { OPENCLAW_GATEWAY_URL: url, OPENCLAW_GATEWAY_TOKEN: token }),
    runProcess([...RUN, "--dev", "--json"], { OPENCLAW_STATE_DIR: stateDir }),
  ]);
  t.match(created, { code: 0, stdout: /^token: tk_acme_[0-9a-f]{32} /m });
  t.equal(second.code, 4);
  t.match(JSON.parse(second.stdout), { code: "STATE_LOCKED", exitCode: 4 });
  child.kill("SIGTERM");
  t.equal(await code, 0);
  t.match(await stderr, "stopping: ");
});

t.test("with --json the gateway's line is a document, and its log stays off stdout", async (t) => {
  const stateDir = join(t.testdir(), "state");
  const env = { OPENCLAW_STATE_DIR: stateDir, OPENCLAW_GATEWAY_TOKEN: "an-admin-token-that-is-long-enough" };
  const { child, code, line } = await start(t, [...RUN, "--json"], env);
  t.match(JSON.parse(line), { url: /^http:/, stateDir, token: undefined });
  child.kill("SIGINT");
  t.equal(await code, 0);
});

t.test("a gateway that cannot start says why in one line, with a hint and its exit code", async (t) => {
  const root = t.testdir({ broken: { "openclaw.json": "{ gatewey: {} }" } });
  const state = (name: string): Record<string, string> => ({ OPENCLAW_STATE_DIR: join(root, name) });
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.teardown(() => taken.close());
  const port = String((taken.address() as AddressInfo).port);

  const [withoutToken, withBrokenConfig, onTakenPort] = await Promise.all([
    runProcess(RUN, state("new")),
    runProcess([...RUN, "--dev"], state("broken")),
    runProcess(["gateway", "run", "--dev", "--port", port], state("port")),
  ]);
  t.match(withoutToken, { code: 2, stderr: /^error: .*OPENCLAW_GATEWAY_TOKEN.*\nhint: .*--dev/m });
  t.match(withBrokenConfig, { code: 2, stderr: /^error: .*gatewey/m });
  t.match(onTakenPort, { code: 4, stderr: /^error: .*in use.*\nhint: .*--port/m });
});
