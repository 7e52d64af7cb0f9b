/** A store refuses: an operator sees what failed and why, and tries again when it is mended. */
import t from "tap";
import { HANDS } from "../hands.js";
import { withBrowserAndStore } from "../laid-out.js";
import { Operator } from "../operator.js";

await withBrowserAndStore(t, (layOut) => {
  for (const hands of HANDS) {
    t.test(`a backup that failed is explained, and done again, ${hands.name}`, async (t) => {
      const { bed, proxy, browser } = await layOut(t);
      const me = await Operator.signIn(t, browser, bed, { hands });
      proxy.inject({
        when: "CreateMultipartUpload",
        fault: { kind: "refuse", status: 403, name: "AccessDenied" },
        times: 100,
      });
      await me.press(me.find("button", "Back up acme"));
      const dialog = me.find("dialog", "Back up acme");
      await me.press(dialog.getByRole("button", { name: "Back up", exact: true }));
      await me.reads("Failed", dialog);
      await me.reads("STORE_DENIED", dialog);
      await me.looksAt("a backup that failed");
      await me.press(dialog.getByRole("button", { name: "Close" }));

      await me.reads("Needs attention");
      await me.reads(/The last one failed .*: STORE_DENIED/);
      await me.looksAt("an overview with a tenant whose backup failed");
      await me.press(me.find("link", "See the job of acme"));
      await me.find("heading", /^Backup/, { level: 1 }).waitFor();
      await me.looksAt("a job that failed");
      proxy.heal();
      await me.press(me.find("button", "Retry"));
      await me.reads("Done");
      await me.press(me.find("link", "Overview"));
      await me.reads("Everyone is safe");
    });
  }

  t.test("a destination that refuses is said to be of no use, with the way out", async (t) => {
    const { bed, proxy, browser } = await layOut(t);
    const me = await Operator.signIn(t, browser, bed);
    proxy.inject({
      when: () => true,
      fault: { kind: "refuse", status: 403, name: "AccessDenied" },
      times: 1000,
    });
    await me.goTo("backup/destinations");
    await me.press(me.find("button", /^Check/));
    await me.reads("Not usable");
    await me.looksAt("a destination that is of no use");
  });
});
