import type { TenantRecord } from "@openclaw/gateway-core";
import t from "tap";
import type { Services } from "./services.js";
import { swapTenant } from "./swap-tenant.js";
import { TenantLayout } from "./tenant-layout.js";
import type { JobContext, JobWarning } from "./types.js";

const record: TenantRecord = {
  id: "acme",
  uid: "0".repeat(32),
  createdAt: "2026-01-01T00:00:00.000Z",
  tokenSha256: "a".repeat(64),
  quotas: {},
  labels: {},
};

/** A host with one tenant whose token is rotated at the last moment, and a swap that only notes what it is asked. */
function bench(options: { resume?: () => Promise<void>; swap?: () => Promise<void> } = {}) {
  const seen: string[] = [];
  const warnings: JobWarning[] = [];
  let current = record;
  const services = {
    host: {
      tenants: {
        suspend: () => {
          seen.push("suspended");
          current = { ...record, tokenSha256: "b".repeat(64) };
          return Promise.resolve({
            resume: options.resume ?? (() => Promise.resolve(void seen.push("resumed"))),
          });
        },
        get: () => current,
      },
    },
    layout: new TenantLayout(),
    swap: { swap: options.swap ?? (() => Promise.resolve(void seen.push("swapped"))) },
  } as unknown as Services; // only what swapTenant touches
  const context = {
    jobId: "j1",
    tenant: "acme",
    signal: new AbortController().signal,
    progress: () => undefined,
    uncancellable: () => undefined,
    warn: (warning: JobWarning) => warnings.push(warning),
  } as unknown as JobContext; // likewise
  return { services, context, seen, warnings };
}

const staged = { staged: "/s", installedUid: record.uid, result: {} };

await t.test(
  "what goes in is decided while the tenant is suspended: a token rotated until then counts",
  async (t) => {
    const { services, context, seen } = bench();
    await swapTenant(services, context, (current) => {
      seen.push(`prepared for ${current?.tokenSha256.slice(0, 1) ?? "nobody"}`);
      return Promise.resolve(staged);
    });
    t.same(seen, ["suspended", "prepared for b", "swapped", "resumed"]);
  },
);

await t.test("a swap that fails lets the tenant serve again", async (t) => {
  const { services, context, seen } = bench({ swap: () => Promise.reject(new Error("disk")) });
  await t.rejects(
    swapTenant(services, context, () => Promise.resolve(staged)),
    { message: "disk" },
  );
  t.same(seen, ["suspended", "resumed"]);
});

await t.test("a tenant that does not come back after its swap is a warning: the swap is done", async (t) => {
  const { services, context, warnings } = bench({ resume: () => Promise.reject(new Error("no record")) });
  await swapTenant(services, context, () => Promise.resolve(staged));
  t.match(warnings, [{ code: "TENANT_NOT_RESUMED", message: /no record/ }]);
});

await t.test("a swap waits for a backup of the whole gateway, and says so", async (t) => {
  const { services, context, seen } = bench();
  const messages: (string | undefined)[] = [];
  const told: JobContext = { ...context, progress: ({ message }) => void messages.push(message) };
  const { signal } = context;
  let end = (): void => undefined;
  const holding = services.layout.hold(
    "j0",
    { signal, onWait: () => undefined },
    () => new Promise<void>((resolve) => (end = resolve)),
  );
  const swapping = swapTenant(services, told, () => Promise.resolve(staged));
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(seen, []);
  t.match(messages, [undefined, /waits for job j0, which backs up the whole gateway/]);
  end();
  await Promise.all([holding, swapping]);
  t.strictSame(seen, ["suspended", "swapped", "resumed"]);
});
