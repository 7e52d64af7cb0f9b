import t from "tap";
import type { HookEvents } from "@openclaw/gateway-core";
import { BackupError } from "../errors.js";
import { TenantLayout } from "./tenant-layout.js";

const { signal } = new AbortController();

/** Work that ends when it is told to. */
function work(): { readonly promise: Promise<void>; end(): void } {
  let end = (): void => undefined;
  const promise = new Promise<void>((resolve) => (end = resolve));
  return { promise, end: () => end() };
}

/** Lets everything happen that can. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** The host's hooks, to be called as the host does. */
function hooksOf(layout: TenantLayout) {
  const handlers = new Map<string, (event: never) => unknown>();
  const on = (name: string, handler: (event: never) => unknown): void => void handlers.set(name, handler);
  layout.watch({ hooks: { on } as never });
  const call = (name: keyof HookEvents, tenant: string): unknown => handlers.get(name)?.({ tenant } as never);
  return {
    suspended: (tenant: string) => call("tenantSuspended", tenant),
    resumed: (tenant: string) => call("tenantResumed", tenant),
  };
}

await t.test("who holds the layout waits for changes under way, and later ones wait for it", async (t) => {
  const layout = new TenantLayout();
  const seen: string[] = [];
  const [change, hold] = [work(), work()];
  const changing = layout.change("acme", { signal, onWait: () => seen.push("acme waits") }, () => {
    seen.push("acme changes");
    return change.promise;
  });
  const holding = layout.hold("j1", { signal, onWait: () => seen.push("j1 waits") }, () => {
    seen.push("j1 holds");
    return hold.promise;
  });
  await settled();
  t.strictSame(seen.splice(0), ["acme changes", "j1 waits"]);
  change.end();
  await changing;
  await settled();
  t.strictSame(seen.splice(0), ["j1 holds"]);
  const later = layout.change("beta", { signal, onWait: (job) => seen.push(`waits for ${job}`) }, () => {
    seen.push("beta changes");
    return Promise.resolve();
  });
  const second = layout.hold("j2", { signal, onWait: () => seen.push("j2 waits") }, () =>
    Promise.resolve(void seen.push("j2 holds")),
  );
  await settled();
  t.strictSame(seen.splice(0), ["waits for j1", "j2 waits"]);
  hold.end();
  await Promise.all([holding, later, second]);
  t.strictSame(
    seen.sort(),
    ["beta changes", "j2 holds", ...(seen.includes("j2 waits") ? ["j2 waits"] : [])].sort(),
  );
});

await t.test("work that fails lets go", async (t) => {
  const layout = new TenantLayout();
  const fail = (): Promise<void> => Promise.reject(new Error("no"));
  const options = { signal, onWait: () => t.fail("nothing to wait for") };
  await t.rejects(layout.hold("j1", options, fail), { message: "no" });
  await t.rejects(layout.change("acme", options, fail), { message: "no" });
  await layout.hold("j2", options, () => Promise.resolve());
});

await t.test("who waits can be cancelled", async (t) => {
  const layout = new TenantLayout();
  const hold = work();
  const holding = layout.hold("j1", { signal, onWait: () => undefined }, () => hold.promise);
  const abort = new AbortController();
  const waiting = layout.change("acme", { signal: abort.signal, onWait: () => undefined }, () =>
    Promise.resolve(),
  );
  await settled();
  const reason = new BackupError("JOB_CANCELLED", "Enough.");
  abort.abort(reason);
  await t.rejects(waiting, reason);
  await t.rejects(
    layout.change("acme", { signal: abort.signal, onWait: () => undefined }, () => Promise.resolve()),
    reason,
  );
  hold.end();
  await holding;
});

await t.test(
  "a tenant that the host suspends counts as being changed, and is not while the layout is held",
  async (t) => {
    const layout = new TenantLayout();
    const host = hooksOf(layout);
    host.suspended("acme");
    let holds = false;
    const hold = work();
    const holding = layout.hold("j1", { signal, onWait: () => undefined }, () => {
      holds = true;
      return hold.promise;
    });
    await settled();
    t.notOk(holds);
    host.resumed("acme");
    await settled();
    t.ok(holds);
    t.throws(() => host.suspended("acme"), { code: "TENANT_BUSY", message: /job j1 is backing up/ });
    host.resumed("acme");
    hold.end();
    await holding;
    // A job's own suspension, inside of its change.
    await layout.change("acme", { signal, onWait: () => undefined }, () => {
      host.suspended("acme");
      host.resumed("acme");
      let isHeld = false;
      void layout.hold("j2", { signal, onWait: () => undefined }, () =>
        Promise.resolve(void (isHeld = true)),
      );
      return settled().then(() => t.notOk(isHeld));
    });
  },
);
