/**
 * The main job on the embedded default destination: starts a gateway, fills a tenant, backs it up and restores it under
 * another name through the real command line, compares, and says in figures what it did and where to look. Each run
 * begins anew and leaves its state in `.cache/demo` to be looked at.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BackupJob, RestoreJob } from "../support/answers.js";
import { Cli } from "../support/cli.js";
import { GatewayProcess } from "../support/gateway-process.js";
import { unexplainedDifferences } from "../support/restored-tenant.js";
import { hasProgram, mustRun } from "../support/run.js";
import { generateTenant } from "../support/tenant-generator.js";
import { describeDifferences } from "../support/tree-diff.js";
import { bytes, count, Narrator, rate, seconds } from "./narrator.js";

const SCALE = { seed: 1, files: 1500, bytes: 48_000_000 };
const DIRECTORY = fileURLToPath(new URL("../../../.cache/demo", import.meta.url));
/** For a gateway on loopback that lives for seconds; a real one gets a secret. */
const ADMIN_TOKEN = "demo-admin-token";

async function demo(gateway: GatewayProcess, say: Narrator): Promise<void> {
  const cli = new Cli(gateway);
  const source = gateway.tenantDirectory("acme");
  const { token } = (await cli.json(["tenants", "create", "acme"])) as { token: string };
  const content = generateTenant(source, SCALE);
  say.done(
    "tenant acme made",
    `${count(content.files)} files, ${bytes(content.bytes)}: sessions, workspace, media, ` +
      `${content.databases.length} SQLite databases, odd names`,
  );

  const backup = (await cli.json(["tenants", "backup", "acme"])) as BackupJob;
  const { location, size, durationMs, totals, databases } = backup.result;
  say.done(
    "backed up",
    `${count(totals.files)} files and ${databases} live databases, ${bytes(totals.contentBytes)} → ${bytes(size)} ` +
      `in ${seconds(durationMs)} (${rate(totals.contentBytes, durationMs)})`,
  );
  await listWithTar(location, totals.entries, say);

  const restore = (await cli.json([
    "tenants",
    "restore",
    "--from",
    location,
    "--as",
    "acme-staging",
  ])) as RestoreJob;
  say.done(
    "restored as acme-staging",
    `${count(restore.result.totals.files)} files in ${seconds(restore.result.durationMs)} ` +
      `(${rate(restore.result.totals.contentBytes, restore.result.durationMs)})`,
  );

  const restored = gateway.tenantDirectory("acme-staging");
  const differences = unexplainedDifferences({
    source,
    restored,
    renamedTo: "acme-staging",
    databases: content.databases,
  });
  if (differences.length > 0)
    throw new Error(`the restored tenant differs:\n${describeDifferences(differences)}`);
  say.done(
    "identical",
    `${count(totals.entries)} entries: content, modes, times, link targets, database rows`,
  );
  say.done("rewritten on purpose", "tenant.json's id, uid and token; its schedules stand disabled");

  const newToken = restore.result.newToken ?? "";
  for (const [bearer, tenant] of [
    [token, "acme"],
    [newToken, "acme-staging"],
  ] as const) {
    const answer = await whoami(gateway.url, bearer);
    if (answer !== tenant) throw new Error(`the token of ${tenant} answers as '${answer}'`);
  }
  say.done("tokens answer", "acme's as acme; acme-staging got one of its own, since acme's is in use here");

  say.section("Where to look", [
    ["archive", location],
    ["try", `tar --zstd -tvf ${location}`],
    ["acme", source],
    ["acme-staging", restored],
    ["state directory", gateway.stateDirectory],
  ]);
}

/** The archive is an ordinary one: where there is GNU tar with zstd, it says so itself. */
async function listWithTar(archive: string, entries: number, say: Narrator): Promise<void> {
  if (!(await hasProgram("tar")) || !(await hasProgram("zstd"))) {
    say.note("plain tar not asked", "the program tar or zstd is not installed here");
    return;
  }
  const listing = await mustRun("tar", ["--zstd", "-tf", archive], { env: { ...process.env, LC_ALL: "C" } });
  const listed = listing.trimEnd().split("\n").length;
  if (listed !== entries) throw new Error(`tar lists ${listed} entries, the archive has ${entries}`);
  say.done("opens with plain tar", `tar --zstd -tf lists its ${count(listed)} entries`);
}

async function whoami(url: string, token: string): Promise<string> {
  const answer = await fetch(`${url}/api/tenant/whoami`, { headers: { authorization: `Bearer ${token}` } });
  return answer.ok ? ((await answer.json()) as { tenant: string }).tenant : String(answer.status);
}

const began = Date.now();
const say = new Narrator(process.stdout);
say.title("A tenant backed up and restored, on the gateway's embedded default destination");
let gateway: GatewayProcess | undefined;
try {
  rmSync(DIRECTORY, { recursive: true, force: true });
  mkdirSync(DIRECTORY, { recursive: true });
  gateway = await GatewayProcess.start({ stateDirectory: join(DIRECTORY, "state"), adminToken: ADMIN_TOKEN });
  say.done("gateway started", `${gateway.url}, in ${seconds(Date.now() - began)}`);
  await demo(gateway, say);
} catch (error) {
  say.failed(error instanceof Error ? error.message : String(error));
  if (gateway !== undefined) say.failed(`the gateway's output:\n${gateway.output}`);
  process.exitCode = 1;
} finally {
  await gateway?.stop();
}
if (process.exitCode !== 1) say.end(`All of it held, in ${seconds(Date.now() - began)}.`);
