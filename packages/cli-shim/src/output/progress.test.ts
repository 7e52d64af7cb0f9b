import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import t from "tap";
import { job } from "../test-support/fake-gateway.js";
import { SleepingClock } from "../test-support/run-cli.js";
import type { JobProgress, JobView } from "../views.js";
import { BarProgress, LineProgress } from "./progress.js";

function running(progress: Partial<JobProgress>): JobView {
  return job("running", {
    progress: {
      phase: "write",
      doneBytes: 0,
      totalBytes: 0,
      files: 0,
      totalFiles: 0,
      storedBytes: 0,
      ...progress,
    },
  });
}

t.test("without a terminal, a line comes with each phase, and then every ten seconds", async (t) => {
  const lines: string[] = [];
  const clock = new SleepingClock();
  const progress = new LineProgress((line) => lines.push(line), clock);
  progress.update(job("queued"));
  progress.update(running({ phase: "scan", files: 1200 }));
  progress.update(running({ phase: "scan", files: 1300 }));
  progress.update(running({ doneBytes: 0, totalBytes: 1_060_000_000 }));
  await clock.sleep(5000);
  progress.update(running({ doneBytes: 265_000_000, totalBytes: 1_060_000_000 }));
  await clock.sleep(5000);
  progress.update(running({ doneBytes: 530_000_000, totalBytes: 1_060_000_000 }));
  progress.message("connection lost");
  progress.update(job("succeeded"));
  progress.stop();
  t.same(lines, [
    "acme backup: queued",
    "acme backup: scan, 1,200 files",
    "acme backup: write, 0 %, 0 B of 1.06 GB",
    "acme backup: write, 50 %, 530 MB of 1.06 GB, 53.0 MB/s, 10.0 s left",
    "connection lost",
  ]);
});

t.test(
  "files are counted against their total where that is known, and the job may say what it waits for",
  (t) => {
    const lines: string[] = [];
    const progress = new LineProgress((line) => lines.push(line), new SleepingClock());
    progress.update(running({ phase: "sync", files: 3, totalFiles: 20 }));
    progress.update(running({ phase: "swap", message: "waiting for 2 requests" }));
    t.same(lines, ["acme backup: sync, 3 of 20 files", "acme backup: swap, waiting for 2 requests"]);
    t.end();
  },
);

t.test("on a terminal there is a bar, and at the end it is gone", async (t) => {
  const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  const written = text(screen);
  const progress = new BarProgress(screen, new SleepingClock());
  progress.update(running({ doneBytes: 25, totalBytes: 100 }));
  progress.stop();
  screen.end();
  const shown = await written;
  t.match(shown, "[======------------------] acme backup  write  25 %  25 B of 100 B");
  t.match(shown, /\u001b\[2K$/);
});

t.test("a tenant's names cannot steer the terminal through the bar", async (t) => {
  const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  const written = text(screen);
  const progress = new BarProgress(screen, new SleepingClock());
  progress.message("\u001b]0;title\u0007");
  progress.stop();
  screen.end();
  t.match(await written, "\\x1b]0;title\\x07");
});
