import t from "tap";
import { Hooks } from "./hook-bus.js";

const event = { tenant: "acme", directory: "/state/tenants/acme" };

t.test("handlers run one after the other, in order, each even if one before it failed", async (t) => {
  const hooks = new Hooks();
  const ran: string[] = [];
  hooks.forPlugin("one").on("tenantSuspended", async () => {
    await Promise.resolve();
    ran.push("one");
  });
  hooks.forPlugin("two").on("tenantSuspended", () => {
    ran.push("two");
    throw new Error("two failed");
  });
  hooks.forPlugin("three").on("tenantSuspended", ({ tenant }) => {
    ran.push(`three ${tenant}`);
  });
  const failures = await hooks.forPlugin("caller").run("tenantSuspended", event);
  t.same(ran, ["one", "two", "three acme"]);
  t.match(failures, [{ plugin: "two", error: { message: "two failed" } }]);
  t.equal(failures.length, 1);
  t.same(await hooks.run("beforeBackup", { ...event, jobId: "1" }), [], "nobody listens");
});

t.test(
  "a failure carries what its handler was registered with: to warn, unless it must not be passed over",
  async (t) => {
    const hooks = new Hooks();
    const fail = (): never => {
      throw new Error("no");
    };
    hooks.forPlugin("lenient").on("beforeBackup", fail);
    hooks.forPlugin("strict").on("beforeBackup", fail, { onError: "fail" });
    const hangs = (): Promise<void> => new Promise(() => undefined);
    hooks.forPlugin("slow").on("beforeBackup", hangs, { onError: "fail", timeoutMs: 5 });
    const failures = await hooks.run("beforeBackup", { ...event, jobId: "1" });
    t.same(
      failures.map(({ plugin, onError }) => `${plugin} ${onError}`),
      ["lenient warn", "strict fail", "slow fail"],
    );
  },
);

t.test("a handler that hangs counts as failed after its time", async (t) => {
  const hooks = new Hooks();
  hooks.forPlugin("slow").on("beforeBackup", () => new Promise(() => undefined), { timeoutMs: 5 });
  t.match(await hooks.run("beforeBackup", { ...event, jobId: "1" }), [
    { plugin: "slow", error: { message: "did not end within 5 ms" } },
  ]);
});
