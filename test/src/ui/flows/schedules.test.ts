/** An operator has a tenant backed up every night, and tries the schedule at once. */
import t from "tap";
import { HANDS } from "../hands.js";
import { withBrowserAndStore } from "../laid-out.js";
import { Operator } from "../operator.js";

await withBrowserAndStore(t, (layOut) => {
  for (const hands of HANDS) {
    t.test(`a schedule is added, run, switched off and removed, ${hands.name}`, async (t) => {
      const { bed, browser } = await layOut(t);
      const me = await Operator.signIn(t, browser, bed, { hands });
      const { page } = me;
      await me.press(me.find("link", "Schedules"));
      await me.reads("There are no schedules yet.");
      await me.looksAt("no schedules");
      await me.press(me.find("button", "Add a schedule"));
      const dialog = me.find("dialog", "Add a schedule");
      await me.fill(dialog.getByLabel("Tenant", { exact: true }), "acme");
      await me.fill(dialog.getByLabel("Name", { exact: true }), "nightly");
      await me.fill(dialog.getByLabel("When", { exact: true }), "0 3 * * 1-5");
      await me.reads(/Monday to Friday at 03:00/i, dialog);
      await me.choose(dialog.getByLabel("Job", { exact: true }), "backup");
      await me.looksAt("the form of a schedule");
      await me.press(dialog.getByRole("button", { name: "Add", exact: true }));
      await me.reads("Schedule nightly has been added.");
      await me.press(me.find("button", "Run now: nightly"));
      await me.reads("Schedule nightly has been started.");
      await me.press(me.find("link", "nightly"));
      await me.find("heading", /nightly/, { level: 1 }).waitFor();
      await me.looksAt("a schedule");

      await page.goBack();
      await me.press(me.find("button", "Disable: nightly"));
      await me.reads("Schedule nightly is disabled.");
      await me.looksAt("a schedule that is off");
      t.match(await bed.get("/api/admin/cron"), {
        schedules: [{ tenant: "acme", name: "nightly", enabled: false, job: "backup" }],
      });

      await me.goTo("backup/tenants/acme");
      await me.reads(/Monday to Friday at 03:00/i);
      await me.looksAt("a tenant with a schedule");
    });
  }
});
