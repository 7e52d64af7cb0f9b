/** The operations that are killed: what each sends, and what it must have made of the model, by how it ended. */
import type { JobView, Request } from "./client.js";
import { expectedOf, NEW } from "./model.js";
import type { Expected, KnownArchive, KnownTrash, Model, TenantState } from "./model.js";

export type OperationName =
  | "backup"
  | "restore as another"
  | "restore into the empty slot"
  | "forced restore"
  | "undo"
  | "prune"
  | "remove"
  | "delete"
  | "rotate token";

/** How an operation ended. */
export interface End {
  /** The jobs of its type on its slot that are new, once all is settled: also those that the next start added. */
  readonly jobs: readonly JobView[];
  /** The body of the answer 200, which only operations without a job give. */
  readonly answer: Readonly<Record<string, unknown>> | undefined;
}

export interface Operation {
  readonly name: OperationName;
  /** The tenant it works on. */
  readonly slot: string;
  /** Ids of the archives it reads or removes. No two operations at once share one, or a slot. */
  readonly archives: readonly string[];
  readonly request: Request;
  /** Has no job: it is done when it is answered. */
  readonly atOnce?: true;
  /** Brings the model to what must be, and gives what is not so. */
  settle(end: End, found: Found): string[];
}

/** What was found after the kill. */
export interface Found {
  /** What stands in the operation's slot. */
  readonly slot: TenantState | undefined;
  /** Ids and places of the archives that the catalogue calls good. */
  readonly archives: ReadonlyMap<string, string>;
  /** The hash of the token in the tree that a job's swap has put into the trash. */
  readonly keptToken: (jobId: string) => string;
}

export function backup(model: Model, slot: string, to: string | undefined): Operation {
  const before = model.slots.get(slot);
  return {
    name: "backup",
    slot,
    archives: [],
    request: { method: "POST", path: `/tenants/${slot}/backups`, body: to === undefined ? {} : { to } },
    settle: ({ jobs }, found) => {
      for (const { result } of jobs.filter(isDone)) {
        const id = String(result?.["archiveId"]);
        const location = found.archives.get(id);
        // One that is not listed shows when the catalogue is compared with the model.
        if (before !== undefined)
          model.archives.set(id, { id, location: location ?? "?", tenant: slot, state: before });
      }
      return model.settleUnchanged(slot, found.slot);
    },
  };
}

/** Into the archive's own slot, another one, or over the tenant that stands there. */
export function restore(model: Model, archive: KnownArchive, slot: string, body: object): Operation {
  const before = model.slots.get(slot);
  const { content, uid, tokenSha256 } = archive.state;
  const name =
    before !== undefined
      ? "forced restore"
      : slot === archive.tenant
        ? "restore into the empty slot"
        : "restore as another";
  return {
    name,
    slot,
    archives: [archive.id],
    request: { method: "POST", path: "/restores", body: { from: archive.id, ...body } },
    settle: ({ jobs }, found) => {
      const job = jobs.find(isDone);
      if (job === undefined) return model.settleUnchanged(slot, found.slot);
      const restored = {
        content,
        uid: slot === archive.tenant ? uid : NEW,
        token: { kept: before?.tokenSha256, archive: tokenSha256 }[String(job.result?.["token"])] ?? NEW,
      };
      return settleSwap(model, job, found, { slot, before, after: restored });
    },
  };
}

export function undo(model: Model, trash: KnownTrash): Operation {
  const { tenant: slot, jobId, replaced } = trash;
  const before = model.slots.get(slot);
  return {
    name: "undo",
    slot,
    archives: [],
    request: { method: "POST", path: `/restores/${jobId}/undo` },
    settle: ({ jobs }, found) => {
      const job = jobs.find(isDone);
      if (job === undefined) {
        // It may have got as far as to write the token into the tree with which the tenant was to come back.
        if (replaced !== undefined)
          model.trash.set(jobId, {
            ...trash,
            replaced: { ...replaced, tokenSha256: found.keptToken(jobId) },
          });
        return model.settleUnchanged(slot, found.slot);
      }
      model.trash.delete(jobId);
      const given = expectedOf(replaced);
      const token = { kept: before?.tokenSha256, earlier: replaced?.tokenSha256 }[
        String(job.result?.["token"])
      ];
      return settleSwap(model, job, found, {
        slot,
        before,
        after: given && { ...given, token: token ?? NEW },
      });
    },
  };
}

interface Swapped {
  readonly slot: string;
  readonly before: TenantState | undefined;
  readonly after: Expected | undefined;
}

function settleSwap(model: Model, job: JobView, found: Found, { slot, before, after }: Swapped): string[] {
  const problems = model.settle(slot, found.slot, after);
  model.trash.set(job.id, { jobId: job.id, tenant: slot, installedUid: found.slot?.uid, replaced: before });
  return problems;
}

export function prune(model: Model, slot: string, keepLast: number): Operation {
  const doomed = model.prunable(slot, keepLast);
  return {
    name: "prune",
    slot,
    archives: doomed.map(({ id }) => id),
    request: { method: "POST", path: `/tenants/${slot}/prune`, body: { keepLast, now: true } },
    settle: ({ jobs }, found) => [
      ...settleRemovals(model, doomed, jobs, found),
      ...model.settleUnchanged(slot, found.slot),
    ],
  };
}

export function removal(model: Model, archive: KnownArchive): Operation {
  const { id, tenant: slot } = archive;
  return {
    name: "remove",
    slot,
    archives: [id],
    request: { method: "DELETE", path: `/backups/${id}?force=true&now=true` },
    settle: ({ jobs }, found) => [
      ...settleRemovals(model, [archive], jobs, found),
      ...model.settleUnchanged(slot, found.slot),
    ],
  };
}

/** A removal that has begun is carried on by the next start, whatever its job is called: only a success says all. */
function settleRemovals(
  model: Model,
  doomed: readonly KnownArchive[],
  jobs: readonly JobView[],
  found: Found,
): string[] {
  const left = doomed.filter(({ id }) => found.archives.has(id));
  for (const archive of doomed) if (!left.includes(archive)) model.archives.delete(archive.id);
  return jobs.some(isDone) ? left.map(({ location }) => `${location} was to be removed, and stands`) : [];
}

export function deletion(model: Model, slot: string): Operation {
  return {
    name: "delete",
    slot,
    archives: [],
    request: { method: "DELETE", path: `/tenants/${slot}?confirm=${slot}` },
    atOnce: true,
    settle: ({ answer }, found) => {
      if (answer === undefined && found.slot !== undefined) return model.settleUnchanged(slot, found.slot);
      return model.settle(slot, found.slot, undefined);
    },
  };
}

export function tokenRotation(model: Model, slot: string): Operation {
  const before = model.slots.get(slot);
  return {
    name: "rotate token",
    slot,
    archives: [],
    request: { method: "POST", path: `/tenants/${slot}/token`, body: {} },
    atOnce: true,
    settle: ({ answer }, found) => {
      if (answer !== undefined) model.learnToken(String(answer["token"]));
      const unchanged = answer === undefined && found.slot?.tokenSha256 === before?.tokenSha256;
      const expected = expectedOf(before);
      return model.settle(
        slot,
        found.slot,
        unchanged || expected === undefined ? expected : { ...expected, token: NEW },
      );
    },
  };
}

function isDone({ state }: JobView): boolean {
  return state === "succeeded";
}
