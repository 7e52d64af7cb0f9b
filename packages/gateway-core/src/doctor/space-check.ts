import { statfs } from "node:fs/promises";
import type { DoctorCheck, Finding } from "../plugin/host.js";

/** What has to be free, as a share and in bytes, whichever is less: databases, logs and the ledger grow while nobody looks. */
const LOW = { share: 0.1, bytes: 10e9 };
const NEARLY_NONE = { share: 0.02, bytes: 1e9 };

/** Whether the file system of the state directory has room to work in. */
export function spaceCheck(root: string): DoctorCheck {
  return {
    name: "disk-space",
    run: async () => {
      const { bavail, blocks, bsize, ffree, files } = await statfs(root);
      const findings = [
        low(root, {
          share: bavail / blocks,
          bytes: bavail * bsize,
          free: `${megabytes(bavail * bsize)} MB of ${megabytes(blocks * bsize)} MB`,
        }),
        // Some file systems have no fixed number of inodes, and say 0.
        ...(files === 0
          ? []
          : [low(root, { share: ffree / files, bytes: 0, free: `${ffree} of ${files} inodes` })]),
      ];
      const bad = findings.filter((finding) => finding !== undefined);
      if (bad.length > 0) return bad;
      return [
        {
          severity: "ok",
          message: `${megabytes(bavail * bsize)} MB are free on the file system of ${root}.`,
        },
      ];
    },
  };
}

interface Free {
  readonly share: number;
  readonly bytes: number;
  readonly free: string;
}

function low(root: string, { share, bytes, free }: Free): Finding | undefined {
  if (share >= LOW.share || bytes >= LOW.bytes) return undefined;
  return {
    severity: share < NEARLY_NONE.share && bytes < NEARLY_NONE.bytes ? "critical" : "warning",
    message: `Only ${free} are free on the file system of ${root}.`,
    fix: "Make room there, or move the state directory to a larger file system. Backups on the same file system take room, too: see `openclaw backups prune`.",
  };
}

function megabytes(bytes: number): string {
  return Math.floor(bytes / 1e6).toLocaleString("en-US");
}
