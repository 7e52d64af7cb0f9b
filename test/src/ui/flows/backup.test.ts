/** An operator backs a tenant up, watches, and looks at what is in the backup. */
import { readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import { HANDS } from "../hands.js";
import { NOTES, slowDown, VERY_LARGE_BYTES, withBrowserAndStore } from "../laid-out.js";
import { Operator } from "../operator.js";

await withBrowserAndStore(t, (layOut) => {
  for (const hands of HANDS) {
    t.test(`a backup is started, watched, looked into and compared, ${hands.name}`, async (t) => {
      const { bed, proxy, browser, inWorkspace } = await layOut(t, { bytes: VERY_LARGE_BYTES });
      const me = await Operator.signIn(t, browser, bed, { hands });
      const { page } = me;

      await me.reads("There is no good backup.");
      await me.looksAt("an overview with a tenant that has no backup");
      slowDown(proxy);
      await me.press(me.find("button", "Back up acme"));
      const dialog = me.find("dialog", "Back up acme");
      await me.looksAt("the dialog that asks how to back up");
      await me.press(dialog.getByRole("button", { name: "Back up", exact: true }));
      await dialog.getByRole("progressbar").waitFor();
      await me.reads(/\d+ % · .* files · .*\/s/, dialog);
      await me.looksAt("a backup that runs");
      await me.reads("Done", dialog);
      await me.press(dialog.getByRole("button", { name: "Close" }));
      await me.reads("Everyone is safe");

      await me.press(me.find("link", "acme"));
      await me.find("heading", /^acme/, { level: 1 }).waitFor();
      await me.press(me.find("link", /^Look inside/));
      await me.find("heading", /^Archive of acme/, { level: 1 }).waitFor();
      await me.press(me.find("button", /^workspace/));
      await me.press(me.find("button", "notes.md"));
      const preview = me.find("dialog", "notes.md");
      await me.reads("Water the plants on Friday.", preview);
      await me.looksAt("a preview");
      const download = page.waitForEvent("download");
      await me.press(preview.getByRole("button", { name: "Download" }));
      const downloaded = await download;
      t.equal(downloaded.suggestedFilename(), "notes.md");
      t.equal(readFileSync(await downloaded.path(), "utf8"), NOTES);
      await me.press(preview.getByRole("button", { name: "Close" }));

      await me.fill(page.getByLabel("Find by name"), "LARGE");
      await me.reads("Found 1 of");
      await me.press(me.find("button", "workspace/large.bin"));
      await me.reads("This file is not text.");
      await page.keyboard.press("Escape");

      writeFileSync(inWorkspace("notes.md"), "Other notes.\n");
      writeFileSync(inWorkspace("new.md"), "A new one.\n");
      await me.press(me.find("link", "Compare…"));
      await me.reads("2 entries differ.");
      await me.looksAt("a comparison");
      await me.press(me.find("button", /notes\.md/));
      await me.find("dialog", "workspace/notes.md").waitFor();
      await me.looksAt("one difference");
    });

    t.test(`a backup that is cancelled leaves nothing in the store, ${hands.name}`, async (t) => {
      const { bed, proxy, browser, s3, bucket } = await layOut(t, { bytes: VERY_LARGE_BYTES });
      const me = await Operator.signIn(t, browser, bed, { hands });
      slowDown(proxy);
      await me.press(me.find("button", "Back up acme"));
      const dialog = me.find("dialog", "Back up acme");
      await me.press(dialog.getByRole("button", { name: "Back up", exact: true }));
      await proxy.until(() => proxy.count("UploadPart") > 0);
      await me.press(dialog.getByRole("button", { name: "Cancel" }));
      await me.reads("Cancelled", dialog);
      await me.looksAt("a backup that was cancelled");
      t.strictSame(await s3.unfinishedUploads(bucket), []);
      t.strictSame(await s3.objects(bucket), []);
    });

    t.test(`a selection of tenants is backed up, ${hands.name}`, async (t) => {
      const { bed, browser } = await layOut(t);
      for (const id of ["bolt", "cole"]) await bed.createTenant(id);
      const me = await Operator.signIn(t, browser, bed, { hands });
      await me.fill(me.page.getByLabel("Search tenants"), "ol");
      await me.reads("2 of 3");
      await me.press(me.page.getByLabel("Select all"));
      await me.press(me.find("button", "Back up 2 selected"));
      const dialog = me.find("dialog", "Back up 2 tenants");
      await me.press(dialog.getByRole("button", { name: "Back up", exact: true }));
      await dialog.locator(".badge", { hasText: "Done" }).nth(1).waitFor();
      await me.looksAt("two backups that are done");
      const { archives } = (await bed.get("/api/admin/backups")) as { archives: { tenant: string }[] };
      t.strictSame(archives.map(({ tenant }) => tenant).sort(), ["bolt", "cole"]);
    });

    t.test(`the whole gateway is backed up, ${hands.name}`, async (t) => {
      const { bed, browser } = await layOut(t);
      const me = await Operator.signIn(t, browser, bed, { hands });
      await me.reads("never backed up");
      await me.press(me.find("button", "Back up now: the whole gateway"));
      await me.reads(/^\s*backed up .*(ago|now)/);
      await me.looksAt("an overview with a backup of the whole gateway");
      t.match(await bed.get("/api/admin/gateway/backups"), { sets: [{ state: "complete" }] });
    });
  }
});
