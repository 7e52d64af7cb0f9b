import type { TreeTotals } from "../../archive/tree-receiver.js";
import type { Signatures } from "../signatures.js";
import type { ExtractedPart } from "./extract-part.js";
import type { GatewayRestoreResult } from "./types.js";

export type RestoredFacts = Pick<
  GatewayRestoreResult,
  "createdAt" | "totals" | "hadIndex" | "signedBy" | "warnings"
>;

/** What all parts say together. */
export async function restoredFacts(
  parts: readonly ExtractedPart[],
  signatures: Pick<Signatures, "signer">,
): Promise<RestoredFacts> {
  const [state] = parts;
  const createdAt = state?.createdAt;
  const hadIndex = parts.every((part) => part.hadIndex);
  const noIndex = {
    code: "NO_INDEX",
    message:
      "There is no index of ours: files were checked by the compression's checksums only, if it has any.",
  };
  return {
    ...(createdAt === undefined ? {} : { createdAt }),
    totals: parts.map(({ totals }) => totals).reduce(sum),
    hadIndex,
    // All are of one gateway.
    signedBy: await signatures.signer(state?.signedBy),
    warnings: [...parts.flatMap(warningsOf), ...(hadIndex ? [] : [noIndex])],
  };
}

function warningsOf({ warnings, leftOutLinks }: ExtractedPart): GatewayRestoreResult["warnings"] {
  const given = warnings.map(({ code, path, message }) => ({ code, message: `${path}: ${message}` }));
  const links = leftOutLinks.paths.map((path) => ({
    code: "LINK_ESCAPES",
    message: `${path}: Left out: this link leads out of the directory.`,
  }));
  const more = leftOutLinks.count - links.length;
  if (more === 0) return [...given, ...links];
  return [...given, ...links, { code: "LINK_ESCAPES", message: `${more} more links were left out, too.` }];
}

function sum(a: TreeTotals, b: TreeTotals): TreeTotals {
  return {
    entries: a.entries + b.entries,
    files: a.files + b.files,
    directories: a.directories + b.directories,
    symlinks: a.symlinks + b.symlinks,
    contentBytes: a.contentBytes + b.contentBytes,
  };
}
