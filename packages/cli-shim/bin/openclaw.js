#!/usr/bin/env node
// A committed file, so that pnpm can link the command before the first build.
import { existsSync } from "node:fs";

// Secrets may stand in the arguments, and any user of the machine can list those. On Linux libuv writes the title
// over the whole argv area of the process and clears the rest, so that `ps` and /proc/<pid>/cmdline show this one
// word from here on; Node has its own copy of the arguments. It comes before the program is loaded, hence `import()`.
// While Node itself starts (some 50 ms) they can be seen, which is why the flags also take env:NAME and file:PATH.
process.title = "openclaw";

const program = new URL("../dist/main.js", import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write(
    "error: openclaw has not been built yet\nhint: run `npx -y pnpm@10 build` in the repository's root\n",
  );
  process.exitCode = 1;
}
