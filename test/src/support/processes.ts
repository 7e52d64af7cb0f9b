/** Where the built command stands, and an environment that hides this machine's own settings from it. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

export const OPENCLAW = fileURLToPath(new URL("../../../packages/cli-shim/bin/openclaw.js", import.meta.url));

/**
 * What a child process sees: the way to programs, a home directory, and what is given. Nothing of the machine's AWS,
 * OPENCLAW_* or NODE_OPTIONS settings. Coverage is a matter of the packages' own tests: thousands of processes that note
 * theirs would slow the tests down, and Node hands the variable on unless it is set.
 */
export function cleanEnvironment(home: string, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const settings = { LANG: "C.UTF-8", HOME: home, TZ: "UTC", NODE_V8_COVERAGE: "" };
  return { PATH: process.env["PATH"], ...settings, ...extra };
}

/** Below the ports that systems give to connections: one of those is taken again before a gateway has it. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
