import type { Clock, StateRestores } from "@openclaw/gateway-core";
import type { TreeTotals } from "../../archive/tree-receiver.js";
import type { BackupConfig, SecretReference } from "../../config.js";
import type { S3Options } from "../destinations.js";
import type { DecryptOptions } from "../opening.js";
import type { Signer } from "../signatures.js";
import type { RateRequest } from "../transfer-rates.js";
import type { PartName, PartProgress } from "./extract-part.js";

/** The gateway that is restored, as far as it is there. */
export interface RestoredGateway {
  /** The state directory, absolute. */
  readonly root: string;
  /** The workspace's own volume, where it has one; absolute. */
  readonly workspace: string | undefined;
  /** Files of the state that no archive of ours has, and that stay with this machine; absolute. */
  readonly privateKeys: readonly string[];
  /** Its config, or the defaults. */
  readonly config: BackupConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** The caller holds the state lock. */
  readonly restores: Pick<StateRestores, "standing" | "stage" | "swap" | "forget">;
  readonly resolveSecret: (reference: SecretReference) => string;
  /** The workspace's volume by the config in a staged state. */
  readonly workspaceIn: (staged: string) => Promise<string | undefined>;
}

export interface GatewayRestoreRequest {
  /** A location: see `findGatewaySource`. Absent: the newest set in the default destination. */
  readonly from?: string | undefined;
  /** Replace what is there. */
  readonly force?: boolean | undefined;
  /** Check everything, write nothing. */
  readonly dryRun?: boolean | undefined;
  readonly s3?: S3Options | undefined;
  readonly decrypt?: DecryptOptions | undefined;
  /** Refuse what no trusted key has signed. */
  readonly requireSignature?: boolean | undefined;
  /** Ids of keys that are trusted besides the config's. */
  readonly trust?: readonly string[] | undefined;
  readonly limitDownload?: RateRequest["limitDownload"] | undefined;
}

export interface GatewayRestoreOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PartProgress & { readonly part: PartName }) => void;
}

export interface GatewayRestoreResult {
  /** Absent in a dry run, which leaves nothing to be undone. */
  readonly job?: string;
  readonly dryRun: boolean;
  readonly from: string;
  /** When the backup was made, RFC 3339; absent where nobody knows. */
  readonly createdAt?: string;
  /** How many tenants came back; absent in a dry run. */
  readonly tenants?: number;
  readonly totals: TreeTotals;
  /** Whether something stood, or stands, there. */
  readonly replaced: boolean;
  /** RFC 3339. */
  readonly undoUntil?: string;
  /** False: nothing was checked against hashes. */
  readonly hadIndex: boolean;
  readonly signedBy: Signer;
  readonly warnings: readonly RestoreWarning[];
  readonly durationMs: number;
}

export interface RestoreWarning {
  readonly code: string;
  readonly message: string;
}
