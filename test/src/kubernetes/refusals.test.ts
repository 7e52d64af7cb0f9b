/** What the chart refuses, and what it says then. */
import t from "tap";
import { Helm, NAMESPACE, WITH_SNAPSHOTS, type RenderOptions, type Values } from "./helm.js";

const S3 = { S3_BUCKET: "bucket", S3_ACCESS_KEY_ID: "id", S3_SECRET_ACCESS_KEY: "secret" };
const BACKED_UP = { secret: { data: S3 }, backup: { enabled: true } };

const helm = await Helm.forTests(t);
if (helm !== undefined) {
  const refusal = async (options: RenderOptions): Promise<string> => {
    const { code, stdout, stderr } = await helm.template(options);
    if (code === 0) throw new Error(`the chart took ${JSON.stringify(options)}:\n${stdout.slice(0, 200)}`);
    return stderr;
  };

  t.test("a backup without what it needs", async (t) => {
    for (const missing of Object.keys(S3) as (keyof typeof S3)[]) {
      for (const value of [undefined, ""]) {
        const data = { ...S3, [missing]: value };
        const message = await refusal({ values: { ...BACKED_UP, secret: { data } } });
        t.match(message, `backup.enabled is true, and secret.data lacks ${missing}: set it`);
      }
    }
    const nothing = await refusal({ values: { backup: { enabled: true } } });
    t.match(nothing, "secret.data lacks S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: set them");
    t.match(nothing, "secret.existingSecretName");
    t.match(nothing, "backup.workloadIdentity=true");
  });

  t.test("with the pod's identity a bucket is needed, and nothing else", async (t) => {
    const backup = { enabled: true, workloadIdentity: true };
    const message = await refusal({ values: { backup } });
    t.match(message, "secret.data lacks S3_BUCKET: set it");
    t.notMatch(message, /ACCESS_KEY|workloadIdentity/);
    const taken = await helm.template({ values: { backup, secret: { data: { S3_BUCKET: "bucket" } } } });
    t.equal(taken.code, 0, taken.stderr);
  });

  t.test("without a backup, S3 is nobody's business", async (t) => {
    t.equal((await helm.template({ values: { backup: { enabled: false, schedule: "never" } } })).code, 0);
  });

  t.test("schedules that the cluster would not take", async (t) => {
    const cases: [schedule: string, reason: string][] = [
      ["every night", "it needs five fields"],
      ["0 2 * *", "it needs five fields"],
      ["0 0 2 * * *", "it needs five fields"],
      ["60 2 * * *", 'minute "60" is not within 0-59'],
      ["0 24 * * *", 'hour "24" is not within 0-23'],
      ["0 2 0 * *", 'day of the month "0" is not within 1-31'],
      ["0 2 32 * *", 'day of the month "32" is not within 1-31'],
      ["0 2 * 13 *", 'month "13" is not within 1-12'],
      ["0 2 * * 7", 'day of the week "7" is not within 0-6'],
      ["0 2 * * Sonntag", 'day of the week "Sonntag" is not a number, a range, a step or *'],
      ["0 2 * Mon *", 'month "Mon" has the unknown name Mon'],
      ["0 5-2 * * *", 'hour "5-2" is not within 0-23, from low to high'],
      ["*/0 2 * * *", 'minute "*/0" has a step of 0'],
      ["0,,5 2 * * *", 'minute "0,,5" is not a number'],
      ["0 2 L * *", 'day of the month "L" is not a number'],
      ["@nightly", "it needs five fields"],
      ["TZ=UTC 0 2 * * *", "it needs five fields"],
    ];
    for (const [schedule, reason] of cases) {
      const message = await refusal({ values: { ...BACKED_UP, backup: { enabled: true, schedule } } });
      t.match(message, `backup.schedule is ${JSON.stringify(schedule)}, which is not a cron expression`);
      t.match(message, reason, schedule);
    }
    const snapshots = {
      values: { volumeSnapshots: { enabled: true, schedule: "x" } },
      flags: WITH_SNAPSHOTS,
    };
    t.match(await refusal(snapshots), 'volumeSnapshots.schedule is "x"');
  });

  t.test("schedules that it takes", async (t) => {
    for (const schedule of [
      "0 2 * * *",
      "@weekly",
      "*/5 0-6,20-23 1 jan,JUL sun",
      " 0  2 * * * ",
      "0 2 ? * 1-5/2",
    ]) {
      const { code, stderr } = await helm.template({
        values: { ...BACKED_UP, backup: { enabled: true, schedule } },
      });
      t.equal(code, 0, stderr);
    }
  });

  t.test("values that contradict each other, or themselves", async (t) => {
    const split = { splitVolumes: true };
    const cases: [values: Values, reason: string][] = [
      [{ secret: { create: false } }, "secret.existingSecretName is empty"],
      [
        { secret: { existingSecretName: "mine", data: S3 } },
        'secret.existingSecretName is "mine", and secret.data has S3_ACCESS_KEY_ID, S3_BUCKET, S3_SECRET_ACCESS_KEY',
      ],
      [{ backup: { pathPrefix: "/a" } }, 'backup.pathPrefix is "/a"'],
      [{ backup: { pathPrefix: "a/../b" } }, 'backup.pathPrefix is "a/../b"'],
      [{ backup: { pathPrefix: "a//b" } }, "backup.pathPrefix"],
      [{ restore: { from: "bucket/set" } }, 'restore.from is "bucket/set"'],
      [{ restore: { from: "/var/backups/openclawmu/a.tar.gz" } }, "restore.existingClaim is empty"],
      [{ restore: { from: "/etc/a.tar.gz", existingClaim: "c" } }, 'restore.from is "/etc/a.tar.gz"'],
      [{ restore: { from: "s3://b/a/", volumeSnapshot: "s" } }, "restore.from and restore.volumeSnapshot"],
      [{ restore: { workspaceVolumeSnapshot: "s" } }, "there is no volume for it"],
      [{ persistence: split, restore: { volumeSnapshot: "s" } }, "would be of different times"],
      [{ volumeSnapshots: { enabled: true } }, "the cluster has no snapshot.storage.k8s.io/v1"],
    ];
    for (const [values, reason] of cases) t.match(await refusal({ values }), reason);
  });

  t.test("every reason is told at once", async (t) => {
    const message = await refusal({
      values: { backup: { enabled: true, schedule: "x" }, restore: { from: "y" } },
    });
    for (const reason of ["lacks S3_BUCKET", "backup.schedule is", "restore.from is"])
      t.match(message, reason);
  });

  t.test("names of releases that the cluster would not take", async (t) => {
    for (const release of ["0a", "a.b", "a".repeat(43)]) {
      t.match(await refusal({ release }), `the release's name "${release}" does not fit`);
    }
    t.equal((await helm.template({ release: "a".repeat(42), namespace: NAMESPACE })).code, 0);
  });

  t.test("values that the schema does not have", async (t) => {
    const cases: [values: Values, path: RegExp][] = [
      [{ bakcup: { enabled: true } }, /bakcup/],
      [{ backup: { enabld: true } }, /enabld/],
      [{ backup: { enabled: "yes" } }, /backup[./]enabled/],
      [{ backup: { retention: { keepForever: 1 } } }, /keepForever/],
      [{ backup: { retention: { keepLast: 0 } } }, /keepLast/],
      [{ backup: { timeZone: "Local" } }, /timeZone/],
      [{ replicaCount: 2 }, /replicaCount/],
      [{ persistence: { splitVolume: true } }, /splitVolume/],
      [{ persistence: { accessModes: [] } }, /accessModes/],
      [{ persistence: { workspace: { sice: "1Gi" } } }, /sice/],
      [{ image: { digest: "sha256:short" } }, /digest/],
      [{ config: { mode: "merge" } }, /mode/],
      [{ gateway: { port: 80 } }, /port/],
      [{ secret: { data: { "not-a-variable": "x" } } }, /not-a-variable/],
    ];
    for (const [values, path] of cases) t.match(await refusal({ values }), path);
  });
}
