#!/usr/bin/env node
// A committed file, so that pnpm can link the command before the first build.
import { existsSync } from "node:fs";

const program = new URL("../dist/index.js", import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write(
    "error: openclaw has not been built yet\nhint: run `npx -y pnpm@10 build` in the repository's root\n",
  );
  process.exitCode = 1;
}
