import t from "tap";
import { testGateway } from "../test-support/gateway.js";
import { checkUp, treeSizes } from "./checklist.js";

await t.test("a restored tree that holds less than its archive is told", (t) => {
  const expected = { files: 2, contentBytes: 8 };
  t.match(treeSizes({ files: 2, bytes: 8 }, expected), { ok: true, name: "sizes" });
  for (const found of [
    { files: 1, bytes: 8 },
    { files: 2, bytes: 7 },
  ])
    t.match(treeSizes(found, expected), { ok: false, message: /the archive has 2 files/, fix: /--undo/ });
  t.end();
});

await t.test("a gateway that cannot be asked does not undo what was done", async (t) => {
  const host = { checkUp: () => Promise.reject(new Error("it is stopping")) } as never;
  t.match(await checkUp(host), [{ ok: false, message: /it is stopping/, fix: /openclaw doctor/ }]);
});

await t.test("each restore of a tenant ends with the checklist", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme", { "workspace/notes.md": "notes" });
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  const restored = await host.job("/api/admin/restores", { from: result?.["location"], as: "copy" });
  t.equal(restored.state, "succeeded");
  const items = restored.result?.["checklist"] as { name: string; ok: boolean }[];
  t.same(
    items.map(({ name, ok }) => [name, ok]),
    ["sizes", "readiness", "tenant", "doctor", "status", "ui"].map((name) => [name, true]),
  );
  const dry = await host.job("/api/admin/restores", {
    from: result?.["location"],
    as: "other",
    dryRun: true,
  });
  t.notOk(dry.result?.["checklist"], "a dry run has restored nothing");
});
