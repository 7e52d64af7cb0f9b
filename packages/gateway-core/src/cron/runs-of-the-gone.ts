/**
 * The end of what is known of a tenant's runs: when it is gone for good. While its tree lies in `tenants/.trash`, an undo
 * may bring it back.
 */
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { Type } from "@openclaw/schema";
import { schemaCheck } from "../schema/check.js";
import { readSmallFile } from "../state/small-file.js";
import { isSystemError } from "../system-error.js";
import type { Tenants } from "../tenants/tenants.js";

/** As `ownerKey` names a tenant; behind it, a damaged file has the time at which it was set aside. */
const FILE_NAME = /^((?<id>[a-z0-9][a-z0-9_-]{0,31})\.(?<uid>[0-9a-f]{32}))\.json/;

/** Records are smaller. */
const MAX_RECORD_BYTES = 1024 * 1024;

const checkUid = schemaCheck(Type.Object({ uid: Type.String() }));

/** Gives the keys of the owners whose files were removed. A tenant whose record cannot be read counts as being there. */
export async function removeRunsOfTheGone(
  runsDirectory: string,
  trash: string,
  { registry }: Pick<Tenants, "registry">,
): Promise<readonly string[]> {
  const files = (await namesIn(runsDirectory)).flatMap((name) => {
    const [, key = "", id = "", uid = ""] = FILE_NAME.exec(name) ?? [];
    return key === "" ? [] : [{ file: path.join(runsDirectory, name), key, id, uid }];
  });
  const isHere = ({ id, uid }: { readonly id: string; readonly uid: string }): boolean =>
    registry.get(id)?.uid === uid || registry.broken().some((broken) => broken.id === id);
  if (files.every(isHere)) return [];
  const undoable = await uidsIn(trash);
  const removed: string[] = [];
  for (const one of files) {
    if (undoable === "unknown" || undoable.has(one.uid) || isHere(one)) continue;
    await rm(one.file, { force: true });
    removed.push(one.key);
  }
  return removed;
}

/** Uids of the tenants whose trees are in the trash, in a directory of each job. */
async function uidsIn(trash: string): Promise<ReadonlySet<string> | "unknown"> {
  const uids = new Set<string>();
  for (const job of await namesIn(trash)) {
    for (const tree of await namesIn(path.join(trash, job))) {
      const uid = await uidOf(path.join(trash, job, tree, "tenant.json"));
      if (uid === "unknown") return "unknown";
      if (uid !== undefined) uids.add(uid);
    }
  }
  return uids;
}

/** Undefined: no tenant stands there. */
async function uidOf(file: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readSmallFile(file, MAX_RECORD_BYTES);
  } catch (error) {
    return isSystemError(error, "ENOENT", "ENOTDIR") ? undefined : "unknown";
  }
  try {
    const checked = checkUid(JSON.parse(text));
    return checked.ok ? checked.value.uid : "unknown";
  } catch {
    return "unknown";
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}
