import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { stagingDirectory } from "../archive/testing/staging.js";
import { testGateway } from "../test-support/gateway.js";
import { testOfPermissions } from "../test-support/permissions.js";

const BACKUPS = "/api/admin/tenants/acme/backups";

testOfPermissions(
  t,
  import.meta.url,
  "what cannot be read fails the backup by its name; it is left out with a warning where that is allowed",
  async (t) => {
    const host = await testGateway(t, {}, stagingDirectory(t));
    await host.tenant("acme", { "workspace/readable": "1" });
    const at = (path: string): string => join(host.directory("acme"), path);
    writeFileSync(at("workspace/file"), "1", { mode: 0o000 });
    t.match(await host.job(BACKUPS), {
      state: "failed",
      error: { code: "FILE_UNREADABLE", message: /^Tenant acme: .*workspace\/file .*permission denied/ },
    });
    mkdirSync(at("memory/closed"), { mode: 0o000 });
    t.match(await host.job(BACKUPS), { state: "failed", error: { message: /memory\/closed/ } });
    const allowed = await host.job(BACKUPS, { allowUnreadable: true });
    t.match(allowed, { state: "succeeded", result: { totals: { files: 2 } } });
    t.strictSame(
      allowed.warnings.map(({ code, path }) => `${code} ${path}`),
      ["FILE_UNREADABLE memory/closed", "FILE_UNREADABLE workspace/file"],
    );
  },
);
