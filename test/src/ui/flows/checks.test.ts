/** An operator wants to know whether the backups would do: verification, a drill, the check of a destination. */
import t from "tap";
import { HANDS } from "../hands.js";
import { withBrowserAndStore } from "../laid-out.js";
import { Operator } from "../operator.js";

await withBrowserAndStore(t, (layOut) => {
  for (const hands of HANDS) {
    t.test(`an archive is verified and drilled, and its destination checked, ${hands.name}`, async (t) => {
      const { bed, browser } = await layOut(t);
      await bed.backup("acme");
      const me = await Operator.signIn(t, browser, bed, { hands });
      await me.press(me.find("link", "acme"));
      await me.press(me.find("button", "Verify latest"));
      await me.find("heading", /^Verification/, { level: 1 }).waitFor();
      await me.reads("Done");
      await me.find("heading", "Log", { level: 2 }).waitFor();
      await me.looksAt("a verification that is done");

      await me.press(me.find("link", "Drills"));
      await me.press(me.find("button", "Check… acme"));
      const dialog = me.find("dialog", /^Check archives of/);
      await me.looksAt("the dialog that asks how to check");
      await me.press(dialog.getByRole("radio", { name: /^Sample verification/ }));
      await me.press(dialog.getByRole("radio", { name: /^Drill/ }));
      await me.press(dialog.getByRole("button", { name: "Start" }));
      await me.reads("Done", me.page.getByLabel("The check that was started"));
      await me.looksAt("a drill that is done");

      await me.press(me.find("link", "Destinations"));
      await me.press(me.find("button", /^Check/));
      await me.reads("Usable");
      await me.looksAt("a destination that was checked");
      t.match(await bed.get("/api/admin/backups"), { archives: [{ verifiedAt: String }] });
    });
  }
});
