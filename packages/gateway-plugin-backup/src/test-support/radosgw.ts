/**
 * One Ceph object gateway for all tests of a run.
 *
 * tap runs each test file in a process of its own, several at a time. The first that asks starts the server; the others
 * wait for it. They find each other by the run's process id, and tap's `after` script stops the server when the run is
 * over (see stop-radosgw.ts). What a killed run left behind is removed by the next one.
 */
import { execFile } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const scripts = fileURLToPath(new URL("../../../../test/radosgw/", import.meta.url));
const PREFIX = "openclaw-radosgw-";
/** Fetching and unpacking the packages may take minutes on a slow line, once per machine. */
const PATIENCE_MS = 400_000;

export interface ServerSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Why there is no server; the tests that need one are skipped. */
export class NoServerError extends Error {}

/** The server of this run, started if need be. Throws {@link NoServerError} where none can be had. */
export async function sharedServer(runId: number): Promise<ServerSettings> {
  await removeStaleRuns();
  const directory = runDirectory(runId);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return waitForServer(directory);
  }
  try {
    const settings = await startServer(directory);
    publish(directory, "settings.json", JSON.stringify(settings));
    return settings;
  } catch (error) {
    const reason = lastWords(error);
    publish(directory, "failure.txt", reason);
    throw new NoServerError(reason, { cause: error });
  }
}

/** Stops the server of a run; fine when there is none. */
export async function stopServer(runId: number): Promise<void> {
  const directory = runDirectory(runId);
  if (!existsSync(directory)) return;
  await run("bash", [join(scripts, "stop-radosgw.sh"), directory, "--purge"]);
  rmSync(directory, { recursive: true, force: true });
}

function runDirectory(runId: number): string {
  return join(tmpdir(), `${PREFIX}${runId}`);
}

/** The scripts end with one line that says what is wrong. */
function lastWords(error: unknown): string {
  const { stderr } = error as { readonly stderr?: string };
  return stderr?.trimEnd().split("\n").at(-1) ?? String(error);
}

/** Written in one step: who sees the file sees all of it. */
function publish(directory: string, name: string, content: string): void {
  const hidden = join(directory, `.${name}`);
  writeFileSync(hidden, content, { mode: 0o600 });
  renameSync(hidden, join(directory, name));
}

/** Stops the servers of runs that were killed. */
async function removeStaleRuns(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const runId = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : NaN;
    if (!Number.isInteger(runId) || existsSync(`/proc/${runId}`)) continue;
    // Another test file may be at it already, or it is another user's.
    await stopServer(runId).catch(() => undefined);
  }
}

async function waitForServer(directory: string): Promise<ServerSettings> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const settings = join(directory, "settings.json");
    if (existsSync(settings)) return JSON.parse(readFileSync(settings, "utf8")) as ServerSettings;
    const failure = join(directory, "failure.txt");
    if (existsSync(failure)) throw new NoServerError(readFileSync(failure, "utf8"));
    await delay(50);
  }
  throw new Error(`The S3 server that another test file starts in ${directory} does not come up`);
}

async function startServer(directory: string): Promise<ServerSettings> {
  const root = await packagesRoot();
  const env = { ...process.env, ...(root === undefined ? {} : { RGW_ROOT: root }) };
  const { stdout } = await run(
    "bash",
    [join(scripts, "start-radosgw.sh"), directory, String(await freePort())],
    { env },
  );
  const setting = (name: string): string => {
    const value = new RegExp(`^${name}=(.*)$`, "m").exec(stdout)?.[1];
    if (value === undefined) throw new Error(`start-radosgw.sh gave no ${name}`);
    return value;
  };
  return {
    endpoint: setting("S3_ENDPOINT"),
    region: setting("S3_REGION"),
    accessKey: setting("S3_ACCESS_KEY"),
    secretKey: setting("S3_SECRET_KEY"),
  };
}

/** Undefined when the programs are installed; else a folder with the unpacked packages, kept for later runs. */
async function packagesRoot(): Promise<string | undefined> {
  const given = process.env["RGW_ROOT"];
  if (given !== undefined) return given;
  if (["radosgw", "ceph-mon", "ceph-osd"].every(isInstalled)) return undefined;
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const root = join(cache, "openclaw-tests", "radosgw");
  await run("bash", [join(scripts, "unpack-radosgw.sh"), root], { timeout: PATIENCE_MS });
  return root;
}

function isInstalled(program: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
