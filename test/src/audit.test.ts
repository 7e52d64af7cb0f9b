/** The audit log of a gateway in use: what stands in it, that it outlives crashes and tenants, and that tampering is found. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ADMIN_TOKEN, Bed, temporaryDirectory } from "./support/bed.js";
import { becomes } from "./support/jobs.js";
import { missing } from "./support/needs.js";
import { mustRun } from "./support/run.js";

interface Line {
  readonly seq: number;
  readonly actor: string;
  readonly action: string;
  readonly tenant?: string;
  readonly result: string;
}

interface Verified {
  readonly ok: boolean;
  readonly lines: number;
  readonly torn: number;
  readonly head: { readonly seq: number; readonly hash: string };
  readonly noted?: string;
  readonly faults: readonly { readonly file: string; readonly line: number }[];
}

async function list(bed: Bed, ...flags: readonly string[]): Promise<readonly Line[]> {
  return ((await bed.cli.json(["audit", "list", ...flags])) as { lines: readonly Line[] }).lines;
}

async function verify(t: Test, bed: Bed, ...flags: readonly string[]): Promise<Verified> {
  const { code, stdout } = await bed.cli.run(["audit", "verify", "--json", ...flags]);
  const found = JSON.parse(stdout) as Verified;
  t.equal(code, found.ok ? 0 : 7, stdout);
  return found;
}

function create({ gateway }: Bed, id: string): Promise<Response> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
  return fetch(`${gateway.url}/api/admin/tenants`, { method: "POST", headers, body: JSON.stringify({ id }) });
}

/** The oldest first. */
function auditFiles({ gateway }: Bed): readonly string[] {
  const directory = join(gateway.stateDirectory, "audit");
  return readdirSync(directory)
    .sort()
    .map((name) => join(directory, name));
}

function wholeLog(bed: Bed): string {
  return auditFiles(bed)
    .map((file) => readFileSync(file, "utf8"))
    .join("");
}

t.test("who did what stays on record when the tenant is deleted, and holds no secret", async (t) => {
  const bed = await Bed.start(t);
  const token = await bed.createTenant("acme");
  const { location } = (await bed.backup("acme", "--to", join(bed.archives, "acme.tar.zst"))).result;
  await bed.cli.ok(["backups", "cat", location, "tenant.json"]);
  t.equal((await bed.cli.run(["tenants", "list"], { env: { OPENCLAW_GATEWAY_TOKEN: token } })).code, 5);
  t.equal((await bed.cli.run(["tenants", "backup", "acme", "--to", "/etc/a.tar.zst"])).code, 5);
  const keys = [
    "--endpoint",
    "http://127.0.0.1:9",
    "--access-key",
    "marked-key",
    "--secret-key",
    "marked-secret",
  ];
  t.equal(
    (await bed.cli.run(["tenants", "backup", "acme", "--to", "s3://bucket/a.tar.zst", ...keys])).code,
    6,
  );
  await bed.cli.ok(["tenants", "delete", "acme", "--confirm"]);
  t.equal(
    (await bed.cli.run(["tenants", "list"], { env: { OPENCLAW_GATEWAY_TOKEN: "a-wrong-token" } })).code,
    5,
  );

  t.match(await list(bed, "--tenant", "acme"), [
    { actor: "admin", from: "127.0.0.1", action: "DELETE /api/admin/tenants/:id", result: "200" },
    { actor: "admin", action: "job.backup", result: "failed", code: "STORE_UNREACHABLE" },
    { actor: "admin", action: "POST /api/admin/tenants/:id/backups", result: "202" },
    { actor: "admin", action: "job.backup", result: "failed", code: "PATH_NOT_ALLOWED" },
    { actor: "admin", action: "POST /api/admin/tenants/:id/backups", result: "202" },
    { actor: "tenant:acme", action: "GET /api/admin/tenants", result: "403", code: "FORBIDDEN" },
    {
      actor: "admin",
      action: "POST /api/admin/archives/cat",
      result: "200",
      details: { path: "tenant.json" },
    },
    { actor: "admin", action: "job.backup", result: "succeeded", details: { location } },
    { actor: "admin", action: "POST /api/admin/tenants/:id/backups", result: "202" },
    { actor: "admin", action: "POST /api/admin/tenants", result: "201" },
  ]);
  t.match(await list(bed, "--failed", "--actor", "tenant:acme"), [
    { action: "GET /api/admin/tenants", result: "403" },
  ]);
  t.match(await list(bed, "--actor", "anonymous"), [{ result: "401", code: "UNAUTHORIZED" }]);
  t.match(await bed.cli.ok(["audit", "list", "--tenant", "acme", "--limit", "1"]), /DELETE .* acme +200\n$/);
  t.equal((await verify(t, bed)).ok, true);

  const log = wholeLog(bed);
  for (const secret of [ADMIN_TOKEN, token, "marked-key", "marked-secret", "a-wrong-token"]) {
    t.notMatch(log, secret);
  }
  for (const file of auditFiles(bed)) t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(statSync(join(bed.gateway.stateDirectory, "audit")).mode & 0o777, 0o700);
});

t.test("a planted change makes the check fail, and names file and line", async (t) => {
  const bed = await Bed.start(t);
  for (const id of ["a", "b", "c"]) await bed.createTenant(id);
  t.equal((await verify(t, bed)).ok, true);
  const [file = ""] = auditFiles(bed);
  const good = readFileSync(file, "utf8");
  const lines = good.trimEnd().split("\n");
  const line = lines.findIndex((text) => text.includes('"tenant":"b"')) + 1;

  writeFileSync(file, good.replace('"tenant":"b"', '"tenant":"x"'));
  const { code, stdout } = await bed.cli.run(["audit", "verify"]);
  t.equal(code, 7);
  t.match(stdout, `damaged: ${basename(file)}, line ${line}, was changed`);
  t.match(await verify(t, bed), { ok: false, faults: [{ file: basename(file), line }] });
  t.match((await bed.cli.run(["doctor"])).stdout, /critical +audit-log: .*tampered/);

  await bed.gateway.stop();
  await bed.restart();
  t.match(bed.gateway.output, /the audit log was tampered with/);
  t.equal((await verify(t, bed)).ok, false, "a restart does not make it good");

  writeFileSync(file, readFileSync(file, "utf8").replace('"tenant":"x"', '"tenant":"b"'));
  const { ok, head } = await verify(t, bed);
  t.equal(ok, true, "the line as it was is good again");

  await bed.gateway.stop();
  const noted = ["--noted", `${head.seq}:${head.hash}`];
  writeFileSync(file, `${lines.slice(0, 2).join("\n")}\n`);
  await bed.restart();
  t.equal((await verify(t, bed)).ok, true, "an end that was taken away while the gateway was stopped");
  t.match(
    await verify(t, bed, ...noted),
    { ok: false, noted: "missing" },
    "is found by a line that was noted elsewhere",
  );
});

t.test("a gateway that is killed has noted what it has answered, and goes on with the chain", async (t) => {
  const bed = await Bed.start(t);
  for (let round = 0; round < 3; round += 1) {
    await bed.createTenant(`kept${round}`);
    const busy = Array.from({ length: 10 }, (_, index) =>
      create(bed, `t${round}-${index}`).then(
        ({ status }) => (status === 201 ? `t${round}-${index}` : undefined),
        () => undefined,
      ),
    );
    await busy[round];
    await bed.gateway.kill();
    const answered = (await Promise.all(busy)).filter((id) => id !== undefined);
    await bed.restart();
    t.equal((await verify(t, bed)).ok, true);
    const created = new Set(
      (await list(bed, "--action", "POST /api/admin/tenants")).map(({ tenant }) => tenant),
    );
    t.same(
      [`kept${round}`, ...answered].filter((id) => !created.has(id)),
      [],
    );
  }
  await bed.gateway.kill();
  const [file = ""] = auditFiles(bed);
  writeFileSync(file, readFileSync(file, "utf8").slice(0, -100));
  await bed.restart();
  t.match(await verify(t, bed), { ok: true, torn: 1 });
  t.match(await list(bed, "--action", "audit.torn"), [
    { actor: "gateway", details: { file: basename(file) } },
  ]);
});

t.test("the chain can be checked with nothing but a shell", async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  await bed.gateway.stop();
  const directory = join(bed.gateway.stateDirectory, "audit");
  // As docs/audit.md has it.
  const script = String.raw`
cd "$1" && prev=$(printf '0%.0s' $(seq 64)) && cat audit-*.jsonl | while IFS= read -r line; do
  hash=$(printf '%s' "$line" | sed 's/,"hash":"[0-9a-f]*"}$/}/' | sha256sum | cut -c 1-64)
  case $line in *"\"prev\":\"$prev\",\"hash\":\"$hash\"}") prev=$hash ;; *) echo "not good: $line"; exit 1 ;; esac
done`;
  const check = (): Promise<string> => mustRun("sh", ["-c", script, "sh", directory]);
  t.equal(await check(), "");
  const [file = ""] = auditFiles(bed);
  writeFileSync(file, readFileSync(file, "utf8").replace("acme", "else"));
  await t.rejects(check());
});

t.test(
  "on a full disk requests are answered, what cannot be noted is told, and noted later",
  { skip: await missing({ root: true, programs: ["mount"] }) },
  async (t) => {
    const directory = temporaryDirectory(t);
    const small = join(directory, "state", "audit");
    mkdirSync(small, { recursive: true, mode: 0o700 });
    await mustRun("mount", ["-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", small]);
    t.teardown(() => mustRun("umount", ["-l", small]));
    const bed = await Bed.start(t, { directory });
    const tenants: string[] = [];
    for (let count = 0; count < 80; count += 1) {
      tenants.push(`t${count}`);
      t.equal((await create(bed, `t${count}`)).status, 201);
    }
    t.match(bed.gateway.output, /"level":50.*ENOSPC.*the audit log cannot be written/);
    const ill = await bed.cli.run(["doctor"]);
    t.equal(ill.code, 1);
    t.match(
      ill.stdout,
      /critical +audit-log: The audit log cannot be written \(ENOSPC.*lines wait in memory/,
    );
    t.equal((await verify(t, bed)).ok, true, "what is there is whole");

    await mustRun("mount", ["-o", "remount,size=1m", small]);
    t.ok(await becomes(async () => !(await bed.cli.run(["doctor"])).stdout.includes("critical  audit-log")));
    t.equal((await verify(t, bed)).ok, true);
    const noted = (await list(bed, "--action", "POST /api/admin/tenants", "--limit", "1000")).map(
      ({ tenant }) => tenant,
    );
    t.same(noted.toReversed(), tenants, "nothing was lost");
  },
);
