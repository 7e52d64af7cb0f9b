/** What must be so: the tenants, the archives and the tokens, as the operations that succeeded have made them. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readContent, treeDifference } from "./tenant-content.js";
import type { Content } from "./tenant-content.js";

/** A tenant in its slot, in the trash, or in an archive. */
export interface TenantState {
  readonly content: Content;
  readonly uid: string;
  readonly tokenSha256: string;
}

export interface KnownArchive {
  readonly id: string;
  readonly location: string;
  readonly tenant: string;
  readonly state: TenantState;
}

/** What a restore or an undo replaced. */
export interface KnownTrash {
  readonly jobId: string;
  readonly tenant: string;
  /** Uid of the tenant that took the slot; undefined: the slot became empty. */
  readonly installedUid: string | undefined;
  /** Undefined: the slot was empty. */
  readonly replaced: TenantState | undefined;
}

/** What an operation must have made of a slot. `new`: what nobody has had before. */
export interface Expected {
  readonly content: Content;
  readonly uid: string;
  readonly token: string;
}

export const NEW = "new";

export class Model {
  readonly slots = new Map<string, TenantState>();
  /** The good ones, the oldest first. */
  readonly archives = new Map<string, KnownArchive>();
  readonly trash = new Map<string, KnownTrash>();
  /** Every token that was ever seen, by its hash. */
  readonly tokens = new Map<string, string>();
  readonly #hashes = new Set<string>();
  readonly #uids = new Set<string>();

  learnToken(token: string): void {
    this.tokens.set(createHash("sha256").update(token).digest("hex"), token);
  }

  /** Takes what stands in a slot as what must stand there from now on. */
  adopt(slot: string, state: TenantState | undefined): void {
    if (state === undefined) {
      this.slots.delete(slot);
      return;
    }
    this.slots.set(slot, state);
    this.#hashes.add(state.tokenSha256);
    this.#uids.add(state.uid);
  }

  /** Compares what stands in a slot with what must, and adopts it; gives what is wrong. */
  settle(slot: string, found: TenantState | undefined, expected: Expected | undefined): string[] {
    const problems = this.#differences(found, expected).map((problem) => `${slot}: ${problem}`);
    this.adopt(slot, found);
    return problems;
  }

  /** A slot that nothing may have changed. */
  settleUnchanged(slot: string, found: TenantState | undefined): string[] {
    return this.settle(slot, found, expectedOf(this.slots.get(slot)));
  }

  /** Archives of the tenant that stands in a slot which a prune removes: by directory, all but the newest. */
  prunable(slot: string, keepLast: number): KnownArchive[] {
    const uid = this.slots.get(slot)?.uid;
    const own = [...this.archives.values()].filter(
      ({ tenant, state }) => tenant === slot && state.uid === uid,
    );
    const directories = new Set(own.map(({ location }) => dirname(location)));
    return [...directories].flatMap((directory) =>
      own.filter(({ location }) => dirname(location) === directory).slice(0, -keepLast),
    );
  }

  /** What can be undone now. */
  undoable(): KnownTrash[] {
    return [...this.trash.values()].filter(({ tenant, installedUid, replaced }) => {
      const current = this.slots.get(tenant);
      return current === undefined ? replaced !== undefined : current.uid === installedUid;
    });
  }

  /** The tenant that must be served with a token of this hash. */
  holder(tokenSha256: string): string | undefined {
    return [...this.slots].find(([, state]) => state.tokenSha256 === tokenSha256)?.[0];
  }

  #differences(found: TenantState | undefined, expected: Expected | undefined): string[] {
    if (found === undefined) return expected === undefined ? [] : ["the slot is empty"];
    if (expected === undefined) return ["a tenant stands in a slot that must be empty"];
    const problems: string[] = [];
    const difference = treeDifference(expected.content.tree, found.content.tree);
    if (difference !== "") problems.push(`its files are not those that it must have:\n${difference}`);
    if (found.content.rows < expected.content.rows)
      problems.push(`its memory has ${found.content.rows} rows, and had ${expected.content.rows}`);
    if (!matches(found.uid, expected.uid, this.#uids))
      problems.push(`its uid is ${found.uid}, and not ${expected.uid}`);
    if (!matches(found.tokenSha256, expected.token, this.#hashes))
      problems.push(`the hash of its token is ${found.tokenSha256}, and not ${expected.token}`);
    return problems;
  }
}

function matches(found: string, expected: string, seen: ReadonlySet<string>): boolean {
  return expected === NEW ? !seen.has(found) : found === expected;
}

export function expectedOf(state: TenantState | undefined): Expected | undefined {
  return state === undefined
    ? undefined
    : { content: state.content, uid: state.uid, token: state.tokenSha256 };
}

/** What stands in a tenant's directory; undefined where there is none. Throws for what is no whole tenant. */
export function readTenant(directory: string): TenantState | undefined {
  if (!existsSync(directory)) return undefined;
  const { uid, tokenSha256 } = readRecord(directory);
  return { content: readContent(directory), uid, tokenSha256 };
}

export function readRecord(directory: string): Pick<TenantState, "uid" | "tokenSha256"> {
  return JSON.parse(readFileSync(join(directory, "tenant.json"), "utf8")) as Pick<
    TenantState,
    "uid" | "tokenSha256"
  >;
}
