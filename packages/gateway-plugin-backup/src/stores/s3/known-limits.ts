import type { PartLimits } from "../settings.js";
import { s3Limits } from "./part-size.js";

/**
 * Stores whose limits differ from those of AWS, by the ends of their endpoints' host names.
 * https://www.scaleway.com/en/docs/object-storage/api-cli/multipart-uploads/ (1,000 parts)
 * https://developers.cloudflare.com/r2/objects/multipart-objects/ (all parts but the last have one size)
 */
const byHost: Readonly<Record<string, PartLimits>> = {
  ".scw.cloud": { maxParts: 1_000 },
  ".r2.cloudflarestorage.com": { equalParts: true },
};

/** The limits of the store at `host`; `configured` goes before what is known. */
export function partLimits(host: string, configured: PartLimits = {}): Required<PartLimits> {
  const known = Object.entries(byHost).find(([end]) => host.endsWith(end))?.[1];
  return { ...s3Limits, ...known, ...configured };
}
