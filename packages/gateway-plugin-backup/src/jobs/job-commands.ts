/** Which commands of the command line can stand in a schedule, and what their flags are as parameters of the job. */
import type { CommandFlag, JobCommand } from "@openclaw/gateway-core";

const text = (parameter: string): CommandFlag => ({ parameter, value: "text" });
const number = (parameter: string): CommandFlag => ({ parameter, value: "number" });
const flag = (parameter: string): CommandFlag => ({ parameter, value: "none" });

const DESTINATION = "name a destination of the gateway's config instead, as in --to dest:NAME/";
const CREDENTIALS = `a schedule holds no credentials; ${DESTINATION}`;

const S3_FLAGS: Readonly<Record<string, string>> = {
  "--endpoint": DESTINATION,
  "--region": DESTINATION,
  "--path-style": DESTINATION,
  "--aws-profile": DESTINATION,
  "--access-key": CREDENTIALS,
  "--secret-key": CREDENTIALS,
  "--session-token": CREDENTIALS,
};

const KEYS = "a schedule holds no keys; without one, an encrypted archive is checked as far as it can be";

const KEY_FLAGS: Readonly<Record<string, string>> = {
  "--identity": KEYS,
  "--passphrase": KEYS,
  "--pipe": KEYS,
};

export const BACKUP_COMMAND: JobCommand = {
  words: ["tenants", "backup"],
  flags: {
    "--to": text("to"),
    "--overwrite": flag("overwrite"),
    "--allow-unreadable": flag("allowUnreadable"),
    "--rehash": flag("rehash"),
    "--compression-level": number("compressionLevel"),
    "--limit-upload": number("limitUpload"),
    "--limit-download": number("limitDownload"),
    "--recipient": { parameter: "recipients", value: "list" },
    "--pipe": text("pipe"),
  },
  refusedFlags: {
    ...S3_FLAGS,
    "--dry-run": "nobody would see what it says",
    "--list": "nobody would see what it says",
  },
};

export const PRUNE_COMMAND: JobCommand = {
  words: ["backups", "prune"],
  flags: {
    "--keep-last": number("keepLast"),
    "--keep-hourly": number("keepHourly"),
    "--keep-daily": number("keepDaily"),
    "--keep-weekly": number("keepWeekly"),
    "--keep-monthly": number("keepMonthly"),
    "--keep-yearly": number("keepYearly"),
    "--keep-within": text("keepWithin"),
    "--tz": text("tz"),
    "--to": text("to"),
    "--include-named": flag("includeNamed"),
    "--dry-run": flag("dryRun"),
    "--now": flag("now"),
  },
  refusedFlags: { ...S3_FLAGS, "--undo": "it names one job, and works once" },
};

export const REBUILD_COMMAND: JobCommand = {
  words: ["backups", "rebuild"],
  flags: { "--dest": text("dest"), "--pin": flag("pin") },
  refusedFlags: { ...S3_FLAGS, "--dry-run": "nobody would see what it says" },
};

export const VERIFY_COMMAND: JobCommand = {
  words: ["backups", "verify"],
  flags: { "--level": text("level"), "--all": flag("all"), "--require-signature": flag("requireSignature") },
  refusedFlags: { ...S3_FLAGS, ...KEY_FLAGS, "--as": "a schedule is about archives of the catalogue" },
};

export const DRILL_COMMAND: JobCommand = {
  words: ["backups", "drill"],
  flags: { "--require-signature": flag("requireSignature") },
  refusedFlags: VERIFY_COMMAND.refusedFlags,
};

const { "--overwrite": _, ...GATEWAY_BACKUP_FLAGS } = BACKUP_COMMAND.flags;

export const GATEWAY_BACKUP_COMMAND: JobCommand = {
  words: ["gateway", "backup"],
  flags: { ...GATEWAY_BACKUP_FLAGS, "--pre-delete": flag("preDelete") },
  refusedFlags: {
    ...S3_FLAGS,
    "--offline": "it is for a gateway that is down, and this one runs its schedules",
  },
};

const { "--now": __, ...GATEWAY_PRUNE_FLAGS } = PRUNE_COMMAND.flags;

export const GATEWAY_PRUNE_COMMAND: JobCommand = {
  words: ["gateway", "prune"],
  flags: GATEWAY_PRUNE_FLAGS,
  refusedFlags: S3_FLAGS,
};
