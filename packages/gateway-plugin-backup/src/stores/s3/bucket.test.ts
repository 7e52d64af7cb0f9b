import t from "tap";
import { BackupError } from "../../errors.js";
import { rejectsWith } from "../conformance.js";
import { Bucket } from "./bucket.js";

t.test("waiting before a repetition ends with the job, for its reason", async (t) => {
  const bucket = new Bucket({ kind: "s3", bucket: "bucket" });
  t.teardown(() => bucket.close());
  const cancel = new AbortController();
  const waiting = bucket.retrier.backOff(9, cancel.signal);
  cancel.abort(new BackupError("JOB_CANCELLED", "Cancelled"));
  await rejectsWith(t, waiting, "JOB_CANCELLED");
});
