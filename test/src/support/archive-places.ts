/** Gateways with a default destination of each kind, and a way to their archives that leads past them. */
import { s3ForTests } from "@openclaw/gateway-plugin-backup/testing";
import { readFile, rm, writeFile } from "node:fs/promises";
import type { Test } from "tap";
import { Bed } from "./bed.js";

export interface ArchivePlace {
  readonly bed: Bed;
  /** The bytes of an archive, as they are in its store. */
  readonly read: (location: string) => Promise<Buffer>;
  /** Puts an object there. */
  readonly put: (location: string, bytes: Buffer) => Promise<void>;
  readonly remove: (location: string) => Promise<void>;
}

export interface NamedPlace {
  readonly name: string;
  readonly open: (t: Test) => Promise<ArchivePlace>;
}

/** A local directory, and S3 where a server can be had. */
export async function archivePlaces(t: Test): Promise<NamedPlace[]> {
  const local = { name: "a local directory", open: localPlace };
  const s3 = await s3ForTests(t);
  if (s3 === undefined) return [local];
  const open = async (t: Test): Promise<ArchivePlace> => {
    const bucket = await s3.newBucket();
    return {
      bed: await Bed.start(t, { env: s3.environment(bucket) }),
      read: (location) => s3.get(bucket, keyOf(location)),
      put: (location, bytes) => s3.put(bucket, keyOf(location), bytes),
      remove: (location) => s3.remove(bucket, keyOf(location)),
    };
  };
  return [local, { name: "S3", open }];
}

async function localPlace(t: Test): Promise<ArchivePlace> {
  return {
    bed: await Bed.start(t),
    read: (location) => readFile(location),
    put: (location, bytes) => writeFile(location, bytes),
    remove: (location) => rm(location),
  };
}

/** `s3://bucket/key`. */
function keyOf(location: string): string {
  return location.split("/").slice(3).join("/");
}
