/** What the wizard has been told, and what it asks the gateway for. */
import type { Viewer } from "@openclaw/ui-kit";
import type { ArchiveChoice, ArchiveContents } from "../archive/archive-view.js";

/** As the gateway takes it: Contract, "State directory". */
const TENANT_ID = /^[a-z0-9][a-z0-9_-]{0,31}$/;

export interface RestorePlan {
  readonly what: "whole" | "paths";
  /** Paths and globs. */
  readonly paths: readonly string[];
  /** Name of the tenant that comes out of it. */
  readonly target: string;
  /** Of paths: what stands at them is replaced; else they go into a directory of their own. */
  readonly isInPlace: boolean;
  /** Of paths that are not put in place; empty: the gateway makes a name. */
  readonly into: string;
  /** Where a tenant is replaced: its token of now, or the archive's. */
  readonly token: "kept" | "archive";
}

export function firstPlan(
  { tenant }: Pick<ArchiveContents, "tenant">,
  paths: readonly string[],
): RestorePlan {
  const what = paths.length === 0 ? "whole" : "paths";
  return { what, paths, target: tenant, isInPlace: false, into: "", token: "kept" };
}

/** What keeps the plan from being tried, as a sentence. */
export function targetProblem({ what, target }: RestorePlan, tenants: readonly string[]): string | undefined {
  if (target === "") return "Give the tenant's name.";
  if (!TENANT_ID.test(target))
    return "A tenant's name has up to 32 lower-case letters, digits, “-” and “_”, and begins with a letter or a digit.";
  if (what === "paths" && !tenants.includes(target))
    return `There is no tenant ${target}. Paths are restored into a tenant that is there.`;
  return undefined;
}

/** Whether something that is there now is replaced. */
export function replaces(plan: RestorePlan, tenants: readonly string[]): boolean {
  return plan.what === "paths" ? plan.isInPlace : tenants.includes(plan.target);
}

export interface RestoreCall {
  readonly path: string;
  readonly body: object;
}

/** The route and its body; `force` only where the person has seen what is replaced. */
export function restoreCall(
  viewer: Viewer,
  choice: ArchiveChoice,
  { plan, archived, tenants, dryRun }: PlanInPlace,
): RestoreCall {
  const { archive, decrypt } = choice;
  const dry = dryRun ? { dryRun } : {};
  if (viewer.kind === "tenant") return { path: "/api/tenant/restores", body: { archive, ...dry } };
  const isReplacing = replaces(plan, tenants);
  const body = {
    from: archive,
    ...(plan.target === archived ? {} : { as: plan.target }),
    ...(isReplacing ? { force: true } : {}),
    ...(plan.what === "whole" && isReplacing && plan.token === "archive" ? { token: "archive" } : {}),
    ...(plan.what === "paths" ? { paths: plan.paths } : {}),
    ...(plan.what === "paths" && !plan.isInPlace && plan.into !== "" ? { into: plan.into } : {}),
    ...(decrypt && { decrypt }),
    ...dry,
  };
  return { path: "/api/admin/restores", body };
}

export interface PlanInPlace {
  readonly plan: RestorePlan;
  /** The archive's tenant. */
  readonly archived: string;
  /** Those that there are on this gateway. */
  readonly tenants: readonly string[];
  readonly dryRun: boolean;
}

/** Of a restore, a dry run of one, or its undo; see `docs/restore.md`. */
export interface RestoreResult {
  readonly tenant?: string;
  readonly replaced?: boolean;
  readonly totals?: {
    readonly files: number;
    readonly directories: number;
    readonly symlinks: number;
    readonly contentBytes: number;
  };
  readonly token?: string;
  readonly newToken?: string;
  readonly signedBy?: { readonly trust: string; readonly keyId?: string };
  readonly schedulesDisabled?: number;
  readonly rePair?: readonly string[];
  readonly into?: string;
  /** Of a dry run: the first paths that would be written. */
  readonly paths?: readonly string[];
  readonly undo?: string;
  readonly undoUntil?: string;
  /** Of an undo: whether the tenant is there after it. */
  readonly present?: boolean;
  /** What the gateway has looked at when a whole tenant was restored. */
  readonly checklist?: readonly ChecklistItem[];
}

export interface ChecklistItem {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly fix?: string;
}
