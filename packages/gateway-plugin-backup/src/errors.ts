/**
 * Every error of the backup plugin, in one table: stable `code`, HTTP status, exit code and hint. The shape is the
 * host's `CodedError`; the class is our own, because a plugin imports only types from its host.
 */
import type { CodedError, ExitCode } from "@openclaw/gateway-core";
import { messageOf } from "./system-error.js";

interface ErrorDefinition {
  readonly status: number;
  readonly exitCode: ExitCode;
  readonly hint?: string;
}

const definitions = {
  // requests
  REQUEST_INVALID: { status: 400, exitCode: 2 },
  LOCATION_INVALID: {
    status: 400,
    exitCode: 2,
    hint: "A location is dest:NAME[/key], s3://bucket/key, or an absolute path on the gateway's machine; no '..', no empty segments.",
  },
  PATH_NOT_ALLOWED: {
    status: 403,
    exitCode: 5,
    hint: "Local archives must lie under one of plugins.backup.localRoots (links resolved), or under the state's backups/.",
  },
  DESTINATION_UNKNOWN: {
    status: 404,
    exitCode: 3,
    hint: "Named destinations stand under plugins.backup.destinations in openclaw.json.",
  },
  NOT_ALLOWED: { status: 403, exitCode: 5 },
  UNSUPPORTED: { status: 501, exitCode: 2 },

  // jobs
  JOB_NOT_FOUND: { status: 404, exitCode: 3, hint: "`openclaw jobs list` shows the jobs." },
  PLAN_NOT_FOUND: {
    status: 404,
    exitCode: 3,
    hint: "`openclaw tenants backup <id> --dry-run --list` makes a list; it is kept for a day.",
  },
  JOB_CANCELLED: { status: 409, exitCode: 1 },
  JOB_INTERRUPTED: {
    status: 500,
    exitCode: 1,
    hint: "The gateway stopped while the job ran. Nothing of it was kept; start it again.",
  },
  JOB_FINISHED: { status: 409, exitCode: 4 },
  JOB_THREAD_FAILED: {
    status: 500,
    exitCode: 1,
    hint: "The job's thread ended unexpectedly (out of memory?); the gateway's log has the details.",
  },
  SHUTTING_DOWN: {
    status: 503,
    exitCode: 6,
    hint: "The gateway is stopping; try again after it has started.",
  },
  LEDGER_UNUSABLE: {
    status: 500,
    exitCode: 1,
    hint: "With the gateway stopped, `openclaw doctor` says what is wrong with the ledger; `openclaw doctor --yes` makes a new one of what can be read, and keeps the damaged one. The archives themselves are not touched.",
  },

  // tenants
  TENANT_NOT_FOUND: {
    status: 404,
    exitCode: 3,
    hint: "`openclaw tenants list` shows the tenants of this gateway.",
  },
  TENANT_BUSY: {
    status: 409,
    exitCode: 4,
    hint: "Another job works on this tenant; `openclaw jobs list` shows it. Try again when it has ended.",
  },
  SLOT_TAKEN: {
    status: 409,
    exitCode: 4,
    hint: "Use --force to replace the tenant (undo is kept for a while), or --as NEW to restore beside it.",
  },
  UNDO_NOT_POSSIBLE: { status: 409, exitCode: 4 },
  CHECKLIST_OPEN: {
    status: 409,
    exitCode: 4,
    hint: "Do what its lines say; `openclaw gateway checklist` goes through it again.",
  },
  QUOTA_EXCEEDED: { status: 413, exitCode: 5 },
  TENANT_QUOTA_REACHED: {
    status: 429,
    exitCode: 5,
    hint: "An admin sets the quotas of what tenants start by themselves under plugins.backup.tenants in openclaw.json.",
  },
  RATE_LIMITED: { status: 429, exitCode: 5 },

  // reading the tenant
  FILE_UNREADABLE: {
    status: 500,
    exitCode: 1,
    hint: "Make the file readable for the gateway, exclude it, or use --allow-unreadable to leave it out with a warning.",
  },
  DATABASE_UNREADABLE: {
    status: 500,
    exitCode: 1,
    hint: "No consistent copy of the database could be made. Check it with `sqlite3 FILE 'PRAGMA integrity_check'`, exclude it, or use --allow-unreadable.",
  },
  HOOK_FAILED: { status: 500, exitCode: 1 },

  // archives
  ARCHIVE_NOT_FOUND: {
    status: 404,
    exitCode: 3,
    hint: "`openclaw tenants backups <id>` lists a tenant's archives.",
  },
  ARCHIVE_EXISTS: {
    status: 409,
    exitCode: 4,
    hint: "An archive is never overwritten by accident: choose another key, or use --overwrite.",
  },
  ARCHIVE_BUSY: {
    status: 409,
    exitCode: 4,
    hint: "A job uses this archive; `openclaw jobs list` shows it. Try again when it has ended.",
  },
  ARCHIVE_PROTECTED: { status: 409, exitCode: 4 },
  ARCHIVE_DAMAGED: {
    status: 422,
    exitCode: 7,
    hint: "The archive is damaged or was altered. Restore an older one; `openclaw tenants backups <id>` lists them.",
  },
  DRILL_FAILED: {
    status: 422,
    exitCode: 7,
    hint: "The archive holds what was backed up, and that is of no use. Look at the named files in the tenant itself, then at an older archive: `openclaw tenants backups <id>` lists them.",
  },
  SIGNATURE_REQUIRED: {
    status: 422,
    exitCode: 7,
    hint: "Archives without a signature, also those of other tools, are only read without --require-signature and with plugins.backup.signatures.require off.",
  },
  SIGNING_KEY_UNUSABLE: {
    status: 500,
    exitCode: 1,
    hint: "Put the key back, or move the file away: then a new key is made, and the old one's id belongs into plugins.backup.signatures.trusted. See docs/operations.md.",
  },
  ARCHIVE_UNKNOWN_FORMAT: {
    status: 422,
    exitCode: 7,
    hint: "Restorable are .tar, .tar.gz and .tar.zst, told by their first bytes.",
  },
  ARCHIVE_WITHOUT_INDEX: {
    status: 422,
    exitCode: 2,
    hint: "Such an archive is only restored whole: `openclaw tenants restore --from ARCHIVE`. `tar -tvf` and `tar -xf` list it and take files out.",
  },
  ENTRY_NOT_FOUND: {
    status: 404,
    exitCode: 3,
    hint: "`openclaw backups files ARCHIVE` lists what an archive holds; paths are relative to the tenant's directory.",
  },
  ARCHIVE_ENCRYPTED: {
    status: 422,
    exitCode: 7,
    hint: "Give its key: --identity FILE, --passphrase env:NAME, or --pipe 'age -d -i /path/on/the/gateway/key.txt'.",
  },
  ARCHIVE_NOT_ENCRYPTED: {
    status: 422,
    exitCode: 7,
    hint: "If you know that it is not, leave the key out. If it was encrypted when it was made, somebody has replaced it.",
  },
  AGE_KEY_WRONG: {
    status: 422,
    exitCode: 7,
    hint: "Give the identity of one of the recipients that the archive was encrypted to, or its passphrase.",
  },
  RECIPIENT_INVALID: {
    status: 400,
    exitCode: 2,
    hint: 'A recipient is age1…, as `age-keygen -y key.txt` prints it. For ssh keys and plugins use --pipe "age -r …".',
  },
  IDENTITY_INVALID: {
    status: 400,
    exitCode: 2,
    hint: 'An identity file has lines AGE-SECRET-KEY-…, as `age-keygen` makes it. For ssh keys and plugins use --pipe "age -d -i FILE".',
  },
  ARCHIVE_TOO_NEW: {
    status: 422,
    exitCode: 7,
    hint: "Restore it with a newer gateway, or with plain `zstd` and `tar`.",
  },
  UNSAFE_ENTRY: {
    status: 422,
    exitCode: 7,
    hint: "Nothing was restored. Treat the archive as hostile unless you know how it was made.",
  },
  LIMIT_EXCEEDED: {
    status: 422,
    exitCode: 7,
    hint: "If the archive is honest, raise plugins.backup.limits (entries, bytes, ratio) or the tenant's quota.",
  },
  STATE_NOT_EMPTY: {
    status: 409,
    exitCode: 4,
    hint: "Use --force to replace what is there (it can be brought back for a while), or choose an empty OPENCLAW_STATE_DIR.",
  },
  WORKSPACE_ELSEWHERE: {
    status: 409,
    exitCode: 4,
    hint: "Set OPENCLAW_WORKSPACE_DIR, for the restore and for the gateway: it goes before the config.",
  },
  NO_STATE_IN_ARCHIVE: {
    status: 422,
    exitCode: 2,
    hint: "`openclaw gateway restore` takes sets of `openclaw gateway backup` and archives of whole state directories; `openclaw tenants restore` takes a tenant's archive.",
  },
  TENANT_AMBIGUOUS: { status: 422, exitCode: 2, hint: "Give the tenant's name with --as." },

  // programs that archives go through
  PIPE_NOT_ALLOWED: {
    status: 403,
    exitCode: 5,
    hint: "Programs and options that pipes may use stand under plugins.backup.pipe.allow in openclaw.json. No shell is run.",
  },
  PIPE_UNAVAILABLE: {
    status: 503,
    exitCode: 6,
    hint: "Install the program, or correct its path under plugins.backup.pipe.allow, and start the gateway again.",
  },
  PIPE_FAILED: {
    status: 422,
    exitCode: 1,
    hint: "The program runs on the gateway's machine, in an empty directory and with an empty environment: give files by absolute paths.",
  },

  // stores
  STORE_UNREACHABLE: {
    status: 502,
    exitCode: 6,
    hint: "Check the endpoint, the network between gateway and store, and that the store is up.",
  },
  ADDRESS_FORBIDDEN: {
    status: 403,
    exitCode: 5,
    hint: "If the endpoint is meant, name its address in plugins.backup.network.allow.",
  },
  STORE_DENIED: {
    status: 403,
    exitCode: 5,
    hint: "Check access key, secret, and the rights of this key on the bucket.",
  },
  STORE_CLOCK_SKEW: {
    status: 403,
    exitCode: 5,
    hint: "The gateway's clock and the store's differ; set the clock (NTP).",
  },
  BUCKET_NOT_FOUND: {
    status: 404,
    exitCode: 3,
    hint: "Create the bucket first, or check its name and region.",
  },
  CREDENTIALS_MISSING: {
    status: 400,
    exitCode: 5,
    hint: "Give --access-key and --secret-key, --aws-profile, a named destination, or S3_* or AWS_* in the gateway's environment.",
  },
  BASE_UNUSABLE: {
    status: 502,
    exitCode: 1,
    hint: "Back up again: what cannot be copied from an earlier archive is uploaded in full.",
  },
  STORE_FAILED: {
    status: 502,
    exitCode: 1,
    hint: "The store did not do what was asked; try again, and check its own log if it happens again.",
  },

  // the gateway's disk
  DISK_FULL: {
    status: 507,
    exitCode: 1,
    hint: "Free space on the named file system, then run the command again.",
  },
  READ_ONLY: {
    status: 500,
    exitCode: 1,
    hint: "The named directory cannot be written; check mount options and rights.",
  },
  IO_FAILED: {
    status: 500,
    exitCode: 1,
    hint: "The system refused a call on the named file: check the disk and the limit of open files, then try again.",
  },
} as const satisfies Record<string, ErrorDefinition>;

export type BackupErrorCode = keyof typeof definitions;

export interface BackupErrorOptions {
  /** Replaces the registry's hint where the place knows better. */
  readonly hint?: string | undefined;
  /** Facts for machines: tenant, path, rule. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** An error of the backup plugin, with status, exit code and hint from the registry. */
export class BackupError extends Error implements CodedError {
  readonly code: BackupErrorCode;
  readonly status: number;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: BackupErrorCode, message: string, options: BackupErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const definition: ErrorDefinition = definitions[code];
    this.name = "BackupError";
    this.code = code;
    this.status = definition.status;
    this.exitCode = definition.exitCode;
    this.hint = options.hint ?? definition.hint;
    this.details = options.details;
  }
}

/** An error as it crosses a thread boundary or stands in the ledger: no stack, no cause, no secret. */
export interface SerializedError {
  readonly code: BackupErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export function serializeError(error: BackupError): SerializedError {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}

export function deserializeError(error: SerializedError): BackupError {
  return new BackupError(error.code, error.message, error);
}

const systemErrors: Readonly<Record<string, BackupErrorCode>> = {
  ENOSPC: "DISK_FULL",
  EDQUOT: "DISK_FULL",
  EROFS: "READ_ONLY",
  EACCES: "READ_ONLY",
  EPERM: "READ_ONLY",
};

/**
 * Turns whatever was thrown into a {@link BackupError}. `doing` says what failed, in words that can follow
 * "could not": `write /backups/a.tar.zst`.
 */
export function toBackupError(error: unknown, doing: string): BackupError {
  if (error instanceof BackupError) return error;
  if (isHostError(error))
    return new BackupError(error.code, error.message, { ...hostFacts(error), cause: error });
  const systemCode = (error as NodeJS.ErrnoException | undefined)?.code;
  const code = (systemCode === undefined ? undefined : systemErrors[systemCode]) ?? "IO_FAILED";
  return new BackupError(code, `Could not ${doing}: ${messageOf(error)}`, { cause: error });
}

/** The host's own errors, such as `TENANT_BUSY` from a suspension, keep their code where the plugin has it too. */
function isHostError(error: unknown): error is CodedError & { readonly code: BackupErrorCode } {
  return error instanceof Error && Object.hasOwn(definitions, (error as Partial<CodedError>).code ?? "");
}

function hostFacts({ hint, details }: CodedError): Pick<BackupErrorOptions, "hint" | "details"> {
  return { ...(hint === undefined ? {} : { hint }), ...(details === undefined ? {} : { details }) };
}
