/**
 * What a restore changes in the staged files of a tenant. Synchronous, in a job thread. The tree comes from an archive
 * that nobody vouches for: files are read only when they are small regular files, and replaced by rename, which follows
 * no link in the last place; the entry policy has seen to it that no link leaves the tree.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** Channels whose pairing is bound to one running session and must be made again for a copy of the tenant. */
const PAIRED_BY_QR = ["whatsapp"];

/** Schedules and records are text written by people and plugins; anything larger is none. */
const MAX_TEXT_BYTES = 1024 * 1024;

/** Replaces a file of the staged tree, or makes it. */
export function replaceFile(path: string, content: string): void {
  const temporary = `${path}.${process.pid.toString(36)}${Date.now().toString(36)}.new`;
  writeFileSync(temporary, content, { flag: "wx", mode: 0o600 });
  renameSync(temporary, path);
}

/**
 * Switches off every schedule that came along with a copy, so that a staging clone cannot overwrite production's
 * backups. Returns how many were on. A `cron/jobs.json` that cannot be read as schedules is set aside as
 * `jobs.json.disabled`: what is not understood must not run.
 */
export function disableSchedules(tree: string): number {
  const path = join(tree, "cron", "jobs.json");
  const text = readSmallFile(path);
  if (text === undefined) return 0;
  const schedules = parseSchedules(text);
  if (schedules === undefined) {
    renameSync(path, `${path}.disabled`);
    return 0;
  }
  const jobs = schedules.jobs.map((job) => ({ ...job, enabled: false }));
  replaceFile(path, `${JSON.stringify({ ...schedules, jobs }, null, 2)}\n`);
  return schedules.jobs.filter((job) => job.enabled !== false).length;
}

/** Channels of the staged tenant that must be paired again, by the name of their directory. */
export function channelsToPairAgain(tree: string): readonly string[] {
  try {
    return readdirSync(join(tree, "channels"))
      .filter((name) => PAIRED_BY_QR.some((channel) => name.toLowerCase().startsWith(channel)))
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The text of a tree's `tenant.json`; undefined where there is none that could be a record. */
export function readTenantJson(tree: string): string | undefined {
  const text = readSmallFile(join(tree, "tenant.json"));
  return text === "" ? undefined : text;
}

interface Schedules {
  readonly jobs: readonly { readonly enabled?: unknown }[];
}

function parseSchedules(text: string): Schedules | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null || !("jobs" in json) || !Array.isArray(json.jobs))
    return undefined;
  const jobs: unknown[] = json.jobs;
  const areObjects = jobs.every((job): job is object => typeof job === "object" && job !== null);
  return areObjects ? { ...json, jobs } : undefined;
}

/** The file's text; "" for what is no small regular file; undefined when nothing is there. */
function readSmallFile(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return undefined;
    if ((error as NodeJS.ErrnoException).code === "ELOOP") return "";
    throw error;
  }
  try {
    const status = fstatSync(descriptor);
    return status.isFile() && status.size <= MAX_TEXT_BYTES ? readFileSync(descriptor, "utf8") : "";
  } finally {
    closeSync(descriptor);
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
