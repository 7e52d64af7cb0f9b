import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { hasProgram, mustRun } from "./support/run.js";
import { offline, offlineJson } from "./support/offline.js";

const s3 = await s3ForTests(t);
if (s3 !== undefined && (await hasProgram("rclone"))) {
  t.test("what rclone has copied into a bucket comes back, by flags and by the environment", async (t) => {
    const bucket = await s3.newBucket();
    const bed = await Bed.start(t);
    await bed.createFilledTenant("acme", { seed: 6, files: 60, bytes: 2_500_000 });
    await bed.gateway.stop();
    const state = bed.gateway.stateDirectory;
    mkdirSync(join(state, "workspace"));
    writeFileSync(join(state, "workspace/notes.md"), "notes");
    symlinkSync("notes.md", join(state, "workspace/latest"));
    const { endpoint, accessKey, secretKey } = s3;
    const remote = `:s3,provider=Ceph,endpoint="${endpoint}",access_key_id=${accessKey},secret_access_key=${secretKey}:`;
    const prefix = "prod/eu1/2026-03-07T02-00-00Z";
    await mustRun("rclone", ["copy", "--links", state, `${remote}${bucket}/${prefix}`], {
      env: { PATH: process.env["PATH"], HOME: temporaryDirectory(t) },
    });
    const from = ["gateway", "restore", "--from", `s3://${bucket}/${prefix}`];
    const machine = { state: join(temporaryDirectory(t), "state"), env: { AK: accessKey, SK: secretKey } };
    const flags = ["--endpoint", endpoint, "--access-key", "env:AK", "--secret-key", "env:SK"];
    t.match(await offlineJson(machine, ...from, ...flags), { tenants: 1 });
    t.equal(readFileSync(join(machine.state, "workspace/notes.md"), "utf8"), "notes");
    t.equal(readlinkSync(join(machine.state, "workspace/latest")), "notes.md");
    const second = { state: join(temporaryDirectory(t), "state"), env: s3.environment() };
    const { code, stdout, stderr } = await offline(second, ...from);
    t.equal(code, 0, stderr);
    t.notMatch(stdout + stderr, secretKey);
    const denied = { ...second, env: { ...second.env, S3_SECRET_ACCESS_KEY: "wrong" } };
    t.equal((await offline(denied, ...from, "--dry-run")).code, 5);
    const away = { ...second, env: { ...second.env, S3_ENDPOINT: "http://127.0.0.1:9" } };
    t.equal((await offline(away, ...from, "--dry-run")).code, 6);
  });
}
