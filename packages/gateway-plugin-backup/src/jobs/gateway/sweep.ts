/**
 * What is left beside a set that has just been completed, and belongs to none: the archives that a pre-delete set has taken
 * the place of, and older sets without a backup.json that nobody knows of any more, because their ledger is lost.
 */
import { archiveLimits } from "../../config.js";
import { isGatewayPart } from "../../archive/gateway-parts.js";
import { deserializeError, toBackupError } from "../../errors.js";
import type { NewSet } from "../ledger/sets.js";
import type { Services } from "../services.js";
import type { StoreSettings } from "../../stores/settings.js";
import type { JobContext } from "../types.js";
import { parseManifest } from "./set-manifest.js";
import { isAutomaticDirectory, setObjectName, type SetObjectName } from "./set-names.js";

export interface SweptPlace {
  readonly settings: StoreSettings;
  readonly set: Pick<NewSet, "kind" | "key" | "location" | "createdAt">;
}

interface NamedObject extends SetObjectName {
  readonly key: string;
}

/** Rejects only with the signal's reason: the set is complete, and what cannot be taken away now is warned of. */
export async function sweep(
  services: Pick<Services, "threads" | "config" | "ledger">,
  context: Pick<JobContext, "signal" | "warn">,
  { settings, set }: SweptPlace,
): Promise<void> {
  const directory = set.key.slice(0, set.key.lastIndexOf("/") + 1);
  try {
    if (set.kind === "pre-delete") await sweepPreDelete(services, context, { settings, set }, directory);
    else if (isAutomaticDirectory(directory))
      await sweepIncomplete(services, context, { settings, set }, directory);
  } catch (error) {
    context.signal.throwIfAborted();
    const { message } = toBackupError(error, `look at what stands beside ${set.location}`);
    context.warn({ code: "NOT_SWEPT", message });
  }
}

/** All that the backup.json beside it does not name; it is asked anew, because it decides. */
async function sweepPreDelete(
  { threads }: Pick<Services, "threads">,
  context: Pick<JobContext, "signal" | "warn">,
  { settings: store, set }: SweptPlace,
  directory: string,
): Promise<void> {
  const { signal } = context;
  const found = await threads.run("readManifest", { store, key: set.key }, { signal });
  if (found === undefined) return;
  const named = new Set(parseManifest(found.text, set.location).parts.map(({ key }) => directory + key));
  const objects = await objectsIn(threads, store, directory, signal);
  const keys = objects.filter(({ isManifest, key }) => !isManifest && !named.has(key)).map(({ key }) => key);
  await removeAll(threads, store, keys, context);
}

/** Of this gateway, by what their archives say; of encrypted ones nobody can tell whose they are. */
async function sweepIncomplete(
  { threads, config, ledger }: Pick<Services, "threads" | "config" | "ledger">,
  context: Pick<JobContext, "signal" | "warn">,
  { settings: store }: SweptPlace,
  directory: string,
): Promise<void> {
  const { signal } = context;
  const prefix = directory.slice(0, directory.lastIndexOf("/", directory.length - 2) + 1);
  const objects = await objectsIn(threads, store, prefix, signal);
  const complete = new Set(objects.filter(({ isManifest }) => isManifest).map((object) => object.directory));
  const known = new Set(ledger.sets.list().map(({ key }) => key.slice(0, key.lastIndexOf("/") + 1)));
  const isOlder = ({ directory: other }: NamedObject): boolean =>
    isAutomaticDirectory(other) && !other.slice(prefix.length, -1).includes("/") && other < directory;
  const left = objects.filter(
    (object) =>
      object.kind === "scheduled" &&
      isOlder(object) &&
      !complete.has(object.directory) &&
      !known.has(object.directory),
  );
  for (const other of new Set(left.map((object) => object.directory))) {
    const request = { store, key: other, limits: archiveLimits(config), known: [] };
    const { archives } = await threads.run("findArchives", request, { signal });
    const own = new Set(
      archives
        .filter(({ tenant, uid }) => isGatewayPart(tenant) && uid === ledger.sets.uid)
        .map(({ key }) => key),
    );
    const keys = left.filter((object) => object.directory === other).map(({ key }) => key);
    await removeAll(
      threads,
      store,
      keys.filter((key) => own.has(key)),
      context,
    );
    const strange = keys.find((key) => !own.has(key));
    if (strange === undefined) continue;
    const message = `${strange} belongs to an incomplete backup that is not provably this gateway's, and was left alone.`;
    context.warn({ code: "INCOMPLETE_SET", message });
  }
}

async function objectsIn(
  threads: Services["threads"],
  store: StoreSettings,
  prefix: string,
  signal: AbortSignal,
): Promise<NamedObject[]> {
  const objects = await threads.run("list", { store, key: prefix }, { signal });
  return objects.flatMap(({ key }) => {
    const name = setObjectName(key);
    return name === undefined ? [] : [{ ...name, key }];
  });
}

async function removeAll(
  threads: Services["threads"],
  store: StoreSettings,
  keys: readonly string[],
  { signal, warn }: Pick<JobContext, "signal" | "warn">,
): Promise<void> {
  if (keys.length === 0) return;
  const outcomes = await threads.run("removeObjects", { store, keys }, { signal });
  keys.forEach((key, i) => {
    const outcome = outcomes[i];
    const reason =
      outcome?.outcome === "failed"
        ? deserializeError(outcome.error).message
        : outcome !== undefined && "reason" in outcome
          ? outcome.reason
          : undefined;
    if (reason !== undefined)
      warn({ code: "NOT_REMOVED", message: `${key} is of no use any more, and was not removed: ${reason}` });
  });
}
