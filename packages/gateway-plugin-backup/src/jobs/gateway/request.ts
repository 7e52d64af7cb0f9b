import type { S3Options } from "../destinations.js";
import type { SealingRequest } from "../sealing-of.js";
import type { RateRequest } from "../transfer-rates.js";

/** What is asked of a backup of the whole gateway. */
export interface GatewayBackupRequest extends RateRequest, SealingRequest {
  /** Place, or prefix, or absent for the default destination; see `Destinations.setDirectory`. */
  readonly to?: string;
  /** The last backup of a gateway that is about to be removed: see `set-names.ts`. */
  readonly preDelete?: boolean;
  /** Leave out what cannot be read, with a warning, instead of failing. */
  readonly allowUnreadable?: boolean;
  /** Read every file, also those that look as they did when the last set was made. */
  readonly rehash?: boolean;
  /** zstd level, 1 to 19. */
  readonly compressionLevel?: number;
  readonly s3?: S3Options;
}
