/** An operator restores a tenant: under another name, and in its own place, with undo. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { HANDS } from "../hands.js";
import { NOTES, withBrowserAndStore } from "../laid-out.js";
import { Operator } from "../operator.js";

await withBrowserAndStore(t, (layOut) => {
  for (const hands of HANDS) {
    t.test(`a tenant comes back under another name, ${hands.name}`, async (t) => {
      const { bed, browser, token } = await layOut(t);
      await bed.backup("acme");
      const me = await Operator.signIn(t, browser, bed, { hands });
      await me.press(me.find("link", "acme"));
      await me.press(me.find("link", /^Restore…$/));
      await me.find("heading", "What", { level: 2 }).waitFor();
      await me.looksAt("what is to be restored");
      await me.press(me.find("button", "Next"));
      await me.fill(me.page.getByLabel("Name of the tenant"), "acme-copy");
      await me.looksAt("where it is to be restored to");
      await me.press(me.find("button", "Next: see what will happen"));
      await me.reads("The dry run went well");
      await me.reads(/A new token is made/);
      await me.looksAt("what the restore will do");
      t.equal(await bed.whoami(token), "acme");
      await me.press(me.find("button", "Restore"));
      await me.find("heading", "acme-copy is restored").waitFor();
      await me.looksAt("a restore that is done");
      const made = await me.find("textbox", "New token").inputValue();
      t.equal(await bed.whoami(made), "acme-copy");
      t.equal(await bed.whoami(token), "acme");
      const copied = join(bed.gateway.tenantDirectory("acme-copy"), "workspace", "notes.md");
      t.equal(readFileSync(copied, "utf8"), NOTES);
    });

    t.test(`a tenant is replaced by its archive, and brought back, ${hands.name}`, async (t) => {
      const { bed, browser, token, inWorkspace } = await layOut(t);
      await bed.backup("acme");
      writeFileSync(inWorkspace("notes.md"), "Lost.\n");
      const me = await Operator.signIn(t, browser, bed, { hands });
      await me.press(me.find("link", "acme"));
      await me.press(me.find("link", /^Restore…$/));
      await me.press(me.find("button", "Next"));
      await me.press(me.find("button", "Next: see what will happen"));
      await me.reads(/as it is now is replaced as a whole/);
      await me.reads(/1 entry becomes what it was/);
      const replace = me.find("button", "Replace the tenant");
      const typed = me.page.getByLabel("type the tenant's name");
      await me.fill(typed, "acm");
      t.ok(await replace.isDisabled(), "what replaces a tenant asks for its whole name");
      await me.looksAt("the question for the name");
      await me.fill(typed, "acme");
      await me.press(replace);
      await me.find("heading", "acme is restored").waitFor();
      await me.looksAt("a tenant that is replaced");
      t.equal(readFileSync(inWorkspace("notes.md"), "utf8"), NOTES);
      t.equal(await bed.whoami(token), "acme");

      await me.press(me.find("button", "Undo…"));
      await me.looksAt("the question whether undo is meant");
      await me.press(me.find("button", "Undo the restore"));
      await me.reads("Everything is as it was before the restore.");
      await me.looksAt("a restore that is undone");
      t.equal(readFileSync(inWorkspace("notes.md"), "utf8"), "Lost.\n");
    });

    t.test(`one file comes back into a directory of its own, ${hands.name}`, async (t) => {
      const { bed, browser, inWorkspace } = await layOut(t);
      const { result } = await bed.backup("acme");
      writeFileSync(inWorkspace("notes.md"), "Lost.\n");
      const me = await Operator.signIn(t, browser, bed, { hands });
      await me.goTo(`backup/archives/${encodeURIComponent(result.archiveId)}`);
      await me.press(me.find("button", /^workspace/));
      await me.press(me.find("button", "notes.md"));
      await me.press(me.find("link", "Restore this path…"));
      await me.press(me.find("button", "Next"));
      await me.fill(me.find("textbox", "Directory"), "workspace/back");
      await me.press(me.find("button", "Next: see what will happen"));
      await me.press(me.find("button", "Restore"));
      await me.find("heading", "The paths are restored").waitFor();
      await me.looksAt("paths that are restored");
      t.equal(readFileSync(inWorkspace("notes.md"), "utf8"), "Lost.\n");
      t.equal(readFileSync(inWorkspace("back/workspace/notes.md"), "utf8"), NOTES);
    });
  }
});
