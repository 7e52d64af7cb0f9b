/** The program that the `openclaw` command is; `index.ts` loads it. */
import { systemClock } from "./clock.js";
import { crashText, withoutReports } from "./crash-reports.js";
import { run } from "./program.js";

// `openclaw tenants list | head -1` is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const allowReports = withoutReports(process.report);
// Node itself would print the error with all of its fields.
process.on("uncaughtException", (error) => {
  process.stderr.write(`error: openclaw failed unexpectedly; please report this\n${crashText(error)}\n`);
  process.exit(1);
});

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  clock: systemClock,
  allowReports,
  onSignal(handler) {
    process.on("SIGINT", handler).on("SIGTERM", handler);
    return () => void process.off("SIGINT", handler).off("SIGTERM", handler);
  },
});
