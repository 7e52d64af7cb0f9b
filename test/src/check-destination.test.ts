/** What a script learns of a destination from the exit code, against a real disk and a real store. */
import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { Bed } from "./support/bed.js";

t.test("local: a directory that can be used, and one outside of the local roots", async (t) => {
  const bed = await Bed.start(t);
  t.match(await bed.cli.run(["backups", "check-destination", `${bed.archives}/`]), { code: 0 });
  t.match(await bed.cli.run(["backups", "check-destination", "/nowhere/"]), { code: 5, stderr: /\/nowhere/ });
});

const s3 = await s3ForTests(t);
if (s3 !== undefined)
  t.test("S3: a bucket that can be used, keys that are denied, an endpoint that is not there", async (t) => {
    const bucket = await s3.newBucket();
    const bed = await Bed.start(t, { env: s3.environment(bucket) });
    const check = ["backups", "check-destination"];
    const good = await bed.cli.run(check);
    t.match(good, { code: 0, stdout: new RegExp(bucket) });
    t.strictSame(await s3.objects(bucket), [], "nothing stays behind");
    const place = `s3://${bucket}/prefix/`;
    const wrong = ["--access-key", s3.accessKey, "--secret-key", "not-the-secret"];
    const denied = await bed.cli.run([...check, place, "--endpoint", s3.endpoint, ...wrong]);
    t.match(denied, { code: 5, stderr: /SignatureDoesNotMatch.*\n.*hint: Check access key/ });
    t.notMatch(denied.stderr, /not-the-secret/);
    const nowhere = await bed.cli.run([...check, place, "--endpoint", "http://127.0.0.1:9", ...wrong]);
    t.match(nowhere, { code: 6, stderr: /the connection was refused/ });
    t.match(await bed.cli.run([...check, `s3://${bucket}-is-none/`]), { code: 3 });
  });
