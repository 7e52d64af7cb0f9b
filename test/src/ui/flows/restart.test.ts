/** The gateway goes, in the middle of a job, and comes back: who looks at the page needs to do nothing. */
import t from "tap";
import { freePort } from "../../support/processes.js";
import { slowDown, VERY_LARGE_BYTES, withBrowserAndStore } from "../laid-out.js";
import { Operator } from "../operator.js";

await withBrowserAndStore(t, (layOut) => {
  t.test("a page that follows a job says that the gateway is gone, and catches up", async (t) => {
    const { bed, proxy, browser } = await layOut(t, { port: await freePort(), bytes: VERY_LARGE_BYTES });
    const me = await Operator.signIn(t, browser, bed);
    slowDown(proxy);
    await me.press(me.find("button", "Back up acme"));
    const dialog = me.find("dialog", "Back up acme");
    await me.press(dialog.getByRole("button", { name: "Back up", exact: true }));
    await proxy.until(() => proxy.count("UploadPart") > 0);
    await bed.gateway.kill();
    await me.reads("The gateway does not answer. Trying again…");
    await me.reads(/Trying again/, dialog);
    await me.looksAt("a gateway that is gone");
    proxy.heal();
    await bed.restart();
    await me.reads("The gateway is back.");
    t.equal(await me.page.getByText("The gateway does not answer.").count(), 0);
    await me.reads("Interrupted", dialog);
    await me.looksAt("a job that was cut off");

    await me.goTo("backup/tenants/acme");
    await me.press(me.find("button", "Back up now"));
    const again = me.find("dialog", "Back up acme");
    await me.press(again.getByRole("button", { name: "Back up", exact: true }));
    await me.reads("Done", again);
  });

  t.test("a page that was left alone while the gateway was away is up to date again", async (t) => {
    const { bed, browser } = await layOut(t, { port: await freePort() });
    const me = await Operator.signIn(t, browser, bed);
    await me.goTo("audit");
    await bed.gateway.kill();
    await me.press(me.find("link", "Doctor"));
    await me.reads("The gateway does not answer. Trying again…");
    await bed.restart();
    await me.reads("The gateway is back.");
    await me.find("heading", "Doctor", { level: 1 }).waitFor();
    await me.looksAt("findings after a restart");
  });
});
