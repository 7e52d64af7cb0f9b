/** A tenant's own token: its own things, what it may do, and what it may not. */
import t from "tap";
import { HANDS } from "./hands.js";
import { withBrowserAndStore } from "./laid-out.js";
import { Operator } from "./operator.js";

await withBrowserAndStore(t, (layOut) => {
  for (const hands of HANDS) {
    t.test(`a tenant backs itself up, and is told what is not its to do, ${hands.name}`, async (t) => {
      const { bed, browser, token } = await layOut(t);
      await bed.createTenant("other");
      await bed.backup("other");
      const me = await Operator.signIn(t, browser, bed, { hands, token });
      await me.find("heading", /^acme/, { level: 1 }).waitFor();
      await me.reads("no; ask the admin");
      await me.looksAt("a tenant's own page");
      await me.press(me.find("button", "Back up now"));
      const dialog = me.find("dialog", "Back up acme");
      t.equal(await dialog.getByLabel("Encrypt to").count(), 0, "keys are the admin's");
      await me.looksAt("the dialog in which a tenant backs itself up");
      await me.press(dialog.getByRole("button", { name: "Back up", exact: true }));
      await me.reads("Done", dialog);
      await me.press(dialog.getByRole("button", { name: "Close" }));
      await me.press(me.find("link", /^Look inside/));
      await me.reads("What is inside of an archive is shown to the gateway's admin only.");
      await me.looksAt("a tenant's archive");
      await me.press(me.find("link", "Jobs"));
      await me.looksAt("a tenant's jobs");
      t.equal(await me.page.getByText("other").count(), 0, "nothing of another tenant is to be seen");
      await me.press(me.find("link", "Schedules"));
      await me.reads("There are no schedules yet.");
      await me.looksAt("a tenant's schedules");

      // Addresses that somebody passed on.
      for (const place of ["audit", "backup/destinations", "backup/drills", "backup/tenants/other"]) {
        await me.goTo(place);
        await me.looksAt(`${place}, which is not the tenant's`);
        t.notMatch(await me.page.locator("main").innerText(), /s3:|restored into/, `${place} tells nothing`);
      }
    });
  }

  t.test("a tenant whose admin allows it restores itself, and takes it back", async (t) => {
    const { bed, browser, token } = await layOut(t, { backup: { tenants: { selfRestore: true } } });
    await bed.backup("acme");
    const me = await Operator.signIn(t, browser, bed, { token });
    await me.press(me.find("link", /^Restore…$/));
    await me.press(me.find("button", "Next"));
    await me.reads("The dry run went well");
    await me.looksAt("what a tenant's own restore will do");
    await me.fill(me.page.getByLabel("type the tenant's name"), "acme");
    await me.press(me.find("button", "Replace the tenant"));
    await me.find("heading", "acme is restored").waitFor();
    await me.press(me.find("button", "Undo…"));
    await me.press(me.find("button", "Undo the restore"));
    await me.reads("Everything is as it was before the restore.");
    t.equal(await bed.whoami(token), "acme");
  });
});
