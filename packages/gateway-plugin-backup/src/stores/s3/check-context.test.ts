import t from "tap";
import { BackupError } from "../../errors.js";
import type { CheckOptions } from "../check/report.js";
import { Bucket } from "./bucket.js";
import { CheckContext } from "./check-context.js";

t.test(
  "what is announced twice is noted once; an error that is none of the store's is told without a reason",
  async (t) => {
    const bucket = new Bucket({ kind: "s3", bucket: "b" });
    t.teardown(() => {
      bucket.close();
    });
    const noted: unknown[] = [];
    const options: CheckOptions = {
      signal: new AbortController().signal,
      now: () => 0,
      onStep: () => undefined,
      onLeftover: (leftover) => {
        noted.push(leftover);
        return Promise.resolve();
      },
      onGone: () => undefined,
    };
    const context = new CheckContext(bucket, "p/", options);
    const key = context.key("x");
    await context.announce(key);
    await context.announce(key);
    t.strictSame(noted, [{ kind: "probe", key }]);
    const failing = (): Promise<never> => Promise.reject(new BackupError("STORE_FAILED", "It failed."));
    t.equal(
      await context.attempt<string>("list", "list objects", failing, { outcome: "lacking" }),
      undefined,
    );
    t.match(context.findings, [
      { what: "list", outcome: "lacking", message: "The store does not list objects." },
    ]);
  },
);
