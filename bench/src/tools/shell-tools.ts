/**
 * The rivals, as shell scripts. They find in their environment: $PARENT/$NAME, the tenant's directory; $PLACE, a directory for
 * backups, or $BUCKET at $ENDPOINT; $INTO, an empty directory for a restore; $WORK, a directory for caches; $RUN, the number
 * of the backup; $WANTED, a file relative to the tenant's directory, which goes to standard output.
 */
import type { Place } from "./place.js";

export interface ShellTool {
  readonly name: string;
  /** Programs that it needs. */
  readonly programs: readonly string[];
  readonly kind: Place["kind"];
  /** Makes an empty repository. */
  readonly prepare?: string;
  readonly backup: string;
  readonly restore: string;
  readonly readFile?: string;
  /** More environment. */
  readonly environment?: (place: Place, work: string) => Readonly<Record<string, string>>;
}

/** At level 3 and with two threads, as this project compresses. */
const TAR_ZSTD = 'tar -C "$PARENT" -cf - "$NAME" | zstd -T2 -3 -q';
const UNTAR = 'zstd -d -q | tar -C "$INTO" -xf -';
const UNTAR_LOCAL = 'zstd -d -q -c "$PLACE/archive.tar.zst" | tar -C "$INTO" -xf -';
const AWS = '"$AWS" --endpoint-url "$ENDPOINT" s3 cp --only-show-errors';
const OBJECT = '"s3://$BUCKET/archive.tar.zst"';

const restic = {
  programs: ["restic"],
  prepare: "restic init -q",
  backup: 'cd "$PARENT" && restic backup -q "$NAME"',
  restore: 'restic restore latest -q --target "$INTO"',
  readFile: 'restic dump latest "/$NAME/$WANTED"',
};

const resticEnvironment = (repository: string, work: string) => ({
  RESTIC_REPOSITORY: repository,
  RESTIC_PASSWORD: "benchmark",
  RESTIC_CACHE_DIR: `${work}/restic-cache`,
});

/** Some names below `workspace/odd` make rclone repeat its requests to Ceph for most of a minute: it is spared them. */
const rclone = {
  programs: ["rclone"],
  backup:
    'rclone sync -q --links --transfers 16 --checkers 16 --exclude "/workspace/odd/**" "$PARENT/$NAME" "$REMOTE"',
  restore: 'rclone copy -q --links --transfers 16 --checkers 16 "$REMOTE" "$INTO/$NAME"',
  readFile: 'rclone cat "$REMOTE/$WANTED"',
};

/** A borg without encryption, compressing as the others do. */
const borgEnvironment = (repository: string, work: string) => ({
  BORG_REPO: repository,
  BORG_BASE_DIR: `${work}/borg`,
  BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes",
});

export const TAR_ZSTD_LOCAL = "tar | zstd";
export const TAR_ZSTD_AGE = "tar | zstd | age";
export const TAR_ZSTD_S3 = "tar | zstd | aws s3 cp";
export const RESTIC = "restic";

export const SHELL_TOOLS: readonly ShellTool[] = [
  {
    name: TAR_ZSTD_LOCAL,
    kind: "local",
    programs: ["tar", "zstd"],
    backup: `${TAR_ZSTD} > "$PLACE/archive.tar.zst"`,
    restore: UNTAR_LOCAL,
    readFile: 'zstd -d -q -c "$PLACE/archive.tar.zst" | tar -xOf - "$NAME/$WANTED"',
  },
  {
    name: "tar | zstd, sync -f",
    kind: "local",
    programs: ["tar", "zstd"],
    backup: `${TAR_ZSTD} > "$PLACE/archive.tar.zst" && sync -f "$PLACE/archive.tar.zst"`,
    restore: `${UNTAR_LOCAL} && sync -f "$INTO"`,
  },
  {
    ...restic,
    name: RESTIC,
    kind: "local",
    environment: (place, work) =>
      resticEnvironment(place.kind === "local" ? `${place.directory}/repository` : "", work),
  },
  {
    name: "borg",
    kind: "local",
    programs: ["borg"],
    prepare: "borg init -e none",
    backup: 'cd "$PARENT" && borg create -C zstd,3 "::run-$RUN" "$NAME"',
    restore: 'cd "$INTO" && borg extract "::run-$RUN"',
    readFile: 'borg extract --stdout "::run-$RUN" "$NAME/$WANTED"',
    environment: (place, work) =>
      borgEnvironment(place.kind === "local" ? `${place.directory}/repository` : "", work),
  },
  {
    ...rclone,
    name: "rclone, loose files",
    kind: "local",
    environment: (place) => ({ REMOTE: place.kind === "local" ? `${place.directory}/loose` : "" }),
  },
  {
    name: TAR_ZSTD_S3,
    kind: "s3",
    programs: ["tar", "zstd", "aws"],
    backup: `${TAR_ZSTD} | ${AWS} - ${OBJECT}`,
    restore: `${AWS} ${OBJECT} - | ${UNTAR}`,
    readFile: `${AWS} ${OBJECT} - | zstd -d -q | tar -xOf - "$NAME/$WANTED"`,
    environment: (place) => ({
      ...(place.kind === "s3"
        ? {
            AWS_ACCESS_KEY_ID: place.accessKey,
            AWS_SECRET_ACCESS_KEY: place.secretKey,
            AWS_DEFAULT_REGION: place.region,
          }
        : {}),
      // Newer versions send checksums that many stores refuse.
      AWS_REQUEST_CHECKSUM_CALCULATION: "when_required",
      AWS_RESPONSE_CHECKSUM_VALIDATION: "when_required",
    }),
  },
  {
    ...restic,
    name: RESTIC,
    kind: "s3",
    environment: (place, work) =>
      place.kind === "s3"
        ? {
            ...resticEnvironment(`s3:${place.endpoint}/${place.bucket}/repository`, work),
            AWS_ACCESS_KEY_ID: place.accessKey,
            AWS_SECRET_ACCESS_KEY: place.secretKey,
          }
        : {},
  },
  {
    ...rclone,
    name: "rclone, loose files",
    kind: "s3",
    environment: (place) =>
      place.kind === "s3"
        ? {
            REMOTE: `bench:${place.bucket}/loose`,
            RCLONE_CONFIG_BENCH_TYPE: "s3",
            RCLONE_CONFIG_BENCH_PROVIDER: "Ceph",
            RCLONE_CONFIG_BENCH_ENDPOINT: place.endpoint,
            RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: place.accessKey,
            RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: place.secretKey,
          }
        : {},
  },
];

/** Beside encrypted backups: a rival that encrypts. */
export const ENCRYPTING_TOOLS: readonly ShellTool[] = [
  {
    name: TAR_ZSTD_AGE,
    kind: "local",
    programs: ["tar", "zstd", "age"],
    prepare: 'age-keygen -o "$WORK/key.txt"',
    backup: `${TAR_ZSTD} | age -R <(age-keygen -y "$WORK/key.txt") > "$PLACE/archive.tar.zst.age"`,
    restore: `age -d -i "$WORK/key.txt" "$PLACE/archive.tar.zst.age" | ${UNTAR}`,
  },
];
