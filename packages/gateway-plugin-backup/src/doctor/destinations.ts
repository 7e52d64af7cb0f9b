/** Where backups go: whether it can be reached, and outlives the gateway's disk. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import type { Finding } from "@openclaw/gateway-core";
import { toBackupError } from "../errors.js";
import type { Services } from "../jobs/services.js";

/** A store that does not answer must not hold up the doctor. */
const GLANCE_MS = 10_000;

/** Every destination that backups may go to: whether it answers, with what config and environment give now. */
export async function destinations(services: Services): Promise<readonly Finding[]> {
  const places = [
    { to: undefined, shown: "The default destination" },
    ...Object.keys(services.config.destinations).map((name) => ({
      to: `dest:${name}`,
      shown: `Destination ${name}`,
    })),
  ];
  return Promise.all(places.map(({ to, shown }) => destination(services, to, shown)));
}

async function destination(services: Services, to: string | undefined, shown: string): Promise<Finding> {
  const { destinations, threads, views } = services;
  try {
    const { settings: store, key, location } = destinations.directory(to);
    const place = store.kind === "local" ? await nearest(location) : undefined;
    if (place?.isDirectory === false) return notDirectory(location, place.path);
    await views.take(() => threads.run("glance", { store, key }, { signal: AbortSignal.timeout(GLANCE_MS) }));
    const absent = place && (await absentOrClosed(location, place.path));
    return absent ?? { severity: "ok", message: `${shown} answers: ${location}` };
  } catch (error) {
    const { code, message, hint } = toBackupError(error, "look at the destination");
    const isSlow = code === "JOB_CANCELLED";
    return {
      severity: to === undefined ? "critical" : "warning",
      message: isSlow
        ? `${shown} has not answered within ${GLANCE_MS / 1000} s.`
        : `${shown} cannot be used (${code}): ${message}`,
      fix: `${hint ?? "Correct its settings in openclaw.json."} \`openclaw backups check-destination${to === undefined ? "" : ` ${to}/`}\` tries all that a backup needs.`,
    };
  }
}

function notDirectory(location: string, path: string): Finding {
  return {
    severity: "critical",
    message: `No backup can be stored in ${location}: ${path} is no directory.`,
    fix: `Move ${path} away, or change the destination.`,
  };
}

/**
 * A directory that is not there is made by the first backup: fine, unless a disk should have been mounted there.
 *
 * @param path Itself, or the nearest one above it that is there.
 */
async function absentOrClosed(location: string, path: string): Promise<Finding | undefined> {
  try {
    await access(path, constants.W_OK | constants.X_OK);
  } catch {
    return {
      severity: "critical",
      message: `No backup can be stored in ${location}: the gateway's user cannot write to ${path}.`,
      fix: `Make ${path} writable for the gateway's user.`,
    };
  }
  if (path === location.replace(/\/+$/, "")) return undefined;
  return {
    severity: "info",
    message: `${location} is not there yet; the first backup makes it.`,
    fix: "If a disk or a share is to be mounted there, mount it.",
  };
}

/** A backup on the disk that it protects is lost together with it. */
export async function defaultDestination({ host, destinations }: Services): Promise<readonly [Finding]> {
  const { settings, location } = destinations.tenantPrefix(undefined, "x");
  if (settings.kind === "s3") {
    return [{ severity: "ok", message: `Backups go to s3://${settings.bucket} by default.` }];
  }
  const [state, destination] = await Promise.all([stat(host.paths.root), nearest(location)]);
  if (state.dev !== destination.dev) {
    return [{ severity: "ok", message: `Backups go to ${location} by default, on another file system.` }];
  }
  return [
    {
      severity: "warning",
      message: "The default destination lies on the same file system as the state directory.",
      fix: "Set plugins.backup.defaultDestination to another disk or an S3 bucket.",
    },
  ];
}

/** The directory itself, or the nearest one above it that is there. */
async function nearest(
  directory: string,
): Promise<{ readonly path: string; readonly dev: number; readonly isDirectory: boolean }> {
  for (let at = directory.replace(/\/+$/, ""); ; at = at.slice(0, at.lastIndexOf("/"))) {
    const path = at === "" ? "/" : at;
    try {
      const stats = await stat(path);
      return { path, dev: stats.dev, isDirectory: stats.isDirectory() };
    } catch (error) {
      if (at === "") throw error;
    }
  }
}
