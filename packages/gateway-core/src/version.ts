import { readFileSync } from "node:fs";

/** Version of this package: what the gateway calls its own. */
export const GATEWAY_VERSION = packageVersion();

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest)
    return String(manifest.version);
  throw new Error("package.json of gateway-core has no version");
}
