/** A tenant that writes every file of its own directory gains nothing beyond what it was given. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";

/** Nothing is granted but one backup a day to `own`. */
function config(root: string): Readonly<Record<string, unknown>> {
  return {
    localRoots: [root],
    destinations: {
      own: { url: join(root, "own"), tenants: ["evil"] },
      offsite: { url: join(root, "offsite") },
    },
    defaultDestination: "offsite",
    tenants: { quotas: { backupsPerDay: 1, storedBytes: "1GiB" } },
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const CHOSEN_TOKEN = `tk_evil_${"e".repeat(32)}`;

const everyMinute = {
  schedule: "* * * * *",
  tz: "Etc/UTC",
  overlap: "skip",
  missed: "run",
  grace: "31d",
  enabled: true,
  job: "backup",
  createdAt: "2020-01-01T00:00:00.000Z",
  createdBy: "admin",
};

interface TenantFile {
  readonly uid: string;
  readonly tokenSha256: string;
  readonly quotas: object;
  readonly labels: object;
}

t.test("nothing in a tenant's directory adds to what it was given", async (t) => {
  const root = temporaryDirectory(t);
  const bed = await Bed.start(t, { directory: root, backup: config(root) });
  const otherToken = await bed.createTenant("other");
  const token = await bed.createTenant("evil");
  const addOff = ["cron", "add", "evil", "--schedule", "* * * * *", "--name", "off"];
  await bed.cli.ok([...addOff, "--cmd", "openclaw tenants backup evil --to dest:offsite"]);
  await bed.cli.ok(["cron", "disable", "evil", "off"]);

  const directory = bed.gateway.tenantDirectory("evil");
  const read = (path: string): unknown => JSON.parse(readFileSync(join(directory, path), "utf8"));
  const given = read("tenant.json") as TenantFile;
  const other = JSON.parse(
    readFileSync(join(bed.gateway.tenantDirectory("other"), "tenant.json"), "utf8"),
  ) as TenantFile;
  const { jobs } = read("cron/jobs.json") as { readonly jobs: readonly object[] };
  const put = (path: string, content: unknown): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), typeof content === "string" ? content : JSON.stringify(content));
  };

  const greedy = { ...given, quotas: { bytes: 2 ** 50, entries: 2 ** 50 }, labels: { plan: "unlimited" } };
  const records: Readonly<Record<string, object | string>> = {
    "another token": { ...greedy, tokenSha256: sha256(CHOSEN_TOKEN) },
    "another tenant's token": { ...greedy, tokenSha256: other.tokenSha256 },
    "another tenant's uid": { ...greedy, uid: other.uid },
    "another tenant's name": { ...greedy, id: "other" },
    "rights that no record has": { ...greedy, tenants: ["*"], selfRestore: true },
    "no record at all": "{",
  };
  const attack = (record: object | string): void => {
    put("tenant.json", record);
    put("cron/jobs.json", {
      version: 1,
      jobs: [
        ...jobs.map((job) => ({ ...job, enabled: true })),
        { ...everyMinute, name: "to-offsite", parameters: { to: "dest:offsite" } },
        { ...everyMinute, name: "to-a-path", parameters: { to: join(root, "stolen/") } },
        { ...everyMinute, name: "to-others", parameters: { to: "dest:own/tenants/other/x.tar.zst" } },
        { ...everyMinute, name: "to-the-default", parameters: {} },
        { ...everyMinute, name: "prunes", job: "prune", parameters: { keepLast: 1 } },
        { ...everyMinute, name: "approved", approved: true, parameters: { to: "dest:offsite" } },
        { ...everyMinute, name: "command", cmd: "touch /tmp/x", parameters: {} },
      ],
    });
    put("cron/approvals.json", { version: 1, approvals: [{ owner: "evil", name: "to-offsite", hash: "*" }] });
    for (const place of ["", "sessions/", "credentials/", "cron/"]) put(`${place}.backupignore`, "**\n");
    put("sessions/kept.jsonl", "a session\n");
    put("credentials/kept.json", "{}");
    put("hooks/beforeBackup", "#!/bin/sh\ntouch /tmp/x\n");
    put("openclaw.json", { plugins: { backup: { tenants: { selfRestore: true } } } });
    put("tenant-records/evil.json", { version: 1, record: greedy });
    put("quotas.json", { backupsPerDay: 1000 });
  };
  const post = (path: string, body: object) =>
    fetch(`${bed.gateway.url}/api/tenant${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  const holds = async (when: string): Promise<void> => {
    t.equal(await bed.whoami(token), "evil", `${when}: its token is the one that it was given`);
    t.equal(await bed.whoami(CHOSEN_TOKEN), 401, `${when}: one that it has chosen is none`);
    t.equal(await bed.whoami(otherToken), "other", `${when}: no other tenant is put out of service`);
    const { uid, quotas, labels } = given;
    t.match(await bed.cli.json(["tenants", "info", "evil"]), { uid, quotas, labels }, when);
    t.same(((await bed.cli.json(["tenants", "info", "evil"])) as TenantFile).quotas, {}, when);
    t.equal((await post("/backups", { to: "dest:offsite" })).status, 403, `${when}: no destination`);
    t.equal((await post("/backups", {})).status, 403, `${when}: no default destination`);
    t.equal((await post("/restores", { archive: "a" })).status, 403, `${when}: no restore`);
    const doctor = await bed.cli.run(["doctor"]);
    t.match(doctor.stdout, /tenant\.json of tenant evil is not as this gateway wrote it/, when);
  };

  attack(records["another token"] ?? "");
  await holds("while the gateway runs");

  for (const [name, record] of Object.entries(records)) {
    await bed.gateway.stop();
    attack(record);
    await bed.restart();
    await holds(name);
    const { schedules } = (await bed.cli.json(["cron", "list", "evil"])) as {
      readonly schedules: readonly { readonly name: string; readonly problem?: string }[];
    };
    t.same(
      schedules.filter(({ problem }) => problem === undefined),
      [],
      `${name}: no schedule of it runs`,
    );
    t.ok(schedules.some((one) => one.name === "off" && /has switched it off/.test(one.problem ?? "")));
    t.equal((await post("/cron/off/run", {})).status, 403, `${name}: nor what an admin has switched off`);
  }

  const { result } = await bed.backup("evil", "--to", "dest:own");
  const inArchive = async (path: string) =>
    (await bed.cli.run(["backups", "cat", result.location, path])).stdout;
  t.same(JSON.parse(await inArchive("tenant.json")), given, "the archive says what counts");
  t.equal(await inArchive("sessions/kept.jsonl"), "a session\n", "nothing but its workspace is left out");
  t.equal(await inArchive("credentials/kept.json"), "{}");

  t.equal((await post("/backups", { to: "dest:own" })).status, 202, "what it was given, it has");
  const refused = await post("/backups", { to: "dest:own", rehash: true });
  t.equal(refused.status, 429, "and no more of it");
  t.match(await refused.json(), { code: "TENANT_QUOTA_REACHED", details: { quota: "backupsPerDay" } });
});

t.test("an admin's change by hand counts once an admin has said so", async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  const file = join(bed.gateway.tenantDirectory("acme"), "tenant.json");
  const record = JSON.parse(readFileSync(file, "utf8")) as object;
  writeFileSync(file, JSON.stringify({ ...record, quotas: { bytes: 1_000_000 } }));
  t.same(((await bed.cli.json(["tenants", "info", "acme"])) as TenantFile).quotas, {});
  await bed.cli.ok(["tenants", "accept", "acme"]);
  const quotas = { bytes: 1_000_000 };
  t.match(await bed.cli.json(["tenants", "info", "acme"]), { quotas });
  await bed.gateway.stop();
  await bed.restart();
  t.match(await bed.cli.json(["tenants", "info", "acme"]), { quotas });
  t.notMatch((await bed.cli.run(["doctor"])).stdout, /not as this gateway wrote it/);
});
