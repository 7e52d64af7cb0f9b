/** Sets of a whole gateway's archives, of directories that tests have made. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GATEWAY_PARTS, type GatewayPart, rootOf } from "../archive/gateway-parts.js";
import { keyIdOf } from "../archive/signature.js";
import { writeToMemory } from "../archive/testing/write-to-memory.js";
import { timestampName } from "../jobs/archive-name.js";
import { encodeManifest, type SetPart } from "../jobs/gateway/set-manifest.js";
import { partKey } from "../jobs/gateway/set-names.js";

export interface WrittenSet {
  /** The set's directory. */
  readonly directory: string;
  readonly createdAt: string;
  readonly signingKey: KeyObject;
  readonly keyId: string;
}

/** Writes a set of these directories below `parent`. */
export async function writeSet(
  parent: string,
  parts: Partial<Record<GatewayPart, string>>,
  now = Date.UTC(2026, 2, 7, 2),
): Promise<WrittenSet> {
  const { privateKey: signingKey } = generateKeyPairSync("ed25519");
  const directory = join(parent, timestampName(now));
  mkdirSync(directory, { recursive: true });
  const createdAt = new Date(now).toISOString();
  const described: SetPart[] = [];
  for (const [part, source] of Object.entries(parts) as [GatewayPart, string][]) {
    const key = partKey("", part, { kind: "scheduled", now, suffix: "" });
    const { bytes, header, summary } = await writeToMemory(source, {
      ...{ tenant: part, root: rootOf(part), createdAt, signingKey },
    });
    writeFileSync(join(directory, key), bytes);
    const { files, contentBytes } = header.totals;
    const { indexSha256 } = summary;
    described.push({
      name: GATEWAY_PARTS[part],
      key,
      size: bytes.length,
      indexSha256,
      files,
      bytes: contentBytes,
    });
  }
  const facts = {
    kind: "scheduled",
    uid: "0".repeat(32),
    createdAt,
    producer: "test",
    parts: described,
  } as const;
  writeFileSync(join(directory, "backup.json"), encodeManifest(facts));
  return { directory, createdAt, signingKey, keyId: keyIdOf(signingKey) };
}
