/** Where the built command stands, and an environment that hides this machine's own settings from it. */
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

/** A loopback port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("the server has no port"));
      });
    });
  });
}
