/// <reference lib="dom" />
/** Names are what strangers chose: markup, other directions of writing, no end. They are shown as text, and break no page. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed } from "../support/bed.js";
import { missingChromium, TestBrowser } from "./browser.js";
import { Operator } from "./operator.js";

const MARKUP = '<img src=x onerror="document.title=1"><b>bold<';
const RIGHT_TO_LEFT = "تقرير الشهر.md";
/** RIGHT-TO-LEFT OVERRIDE: shown as it is, it would read "exe.txt". */
const OVERRIDE = "\u202Etxt.exe";
const LONG = "x".repeat(250);
const BROKEN = "two\nlines";
const NAMES = [MARKUP, RIGHT_TO_LEFT, OVERRIDE, LONG, BROKEN];

const TENANT = "a-tenant-with-a-name-of-32-chars";

t.test("names full of markup, of other scripts and without end", { skip: missingChromium() }, async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant(TENANT);
  const workspace = join(bed.gateway.tenantDirectory(TENANT), "workspace");
  mkdirSync(join(workspace, MARKUP), { recursive: true });
  for (const name of NAMES.slice(1)) writeFileSync(join(workspace, name), MARKUP);
  writeFileSync(join(workspace, MARKUP, "inside.md"), MARKUP);
  const { result } = await bed.backup(TENANT);
  for (const name of NAMES.slice(1)) writeFileSync(join(workspace, name), "other");
  const archive = encodeURIComponent(result.archiveId);
  const browser = await TestBrowser.start(t);

  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ]) {
    await t.test(`${viewport.width} pixels wide`, async (t) => {
      const me = await Operator.signIn(t, browser, bed, { viewport });
      const { page } = me;
      const title = await page.title();
      const isText = async (what: string): Promise<void> => {
        t.equal(await page.locator("img[src=x], b").count(), 0, `${what}: markup is text`);
        t.equal(await page.getByText("\u202E").count(), 0, `${what}: nothing turns the line round`);
        await me.looksAt(what);
      };
      await me.reads(TENANT);
      await isText("the overview");
      t.equal(await page.title(), title);

      await me.goTo(`backup/tenants/${TENANT}`);
      await isText("a tenant");

      await me.goTo(`backup/archives/${archive}`);
      await me.press(me.find("button", /^workspace/));
      await me.reads(RIGHT_TO_LEFT);
      await me.reads(MARKUP);
      await me.reads(/^\S*txt\.exe$/);
      await isText("a directory");
      await me.press(me.find("button", RIGHT_TO_LEFT));
      await me.reads(MARKUP, me.find("dialog", RIGHT_TO_LEFT));
      await isText("a file");
      await page.keyboard.press("Escape");
      await me.press(me.find("button", LONG));
      await me.find("dialog", LONG).waitFor();
      await isText("a file with a long name");
      await page.keyboard.press("Escape");
      await me.press(me.page.getByRole("button").filter({ hasText: MARKUP }));
      await me.reads("inside.md");
      await isText("a directory whose name is markup");

      await me.goTo(`backup/compare/${archive}/live`);
      await me.reads("4 entries differ.");
      await isText("a comparison");

      await me.goTo(`backup/restore/${archive}/${encodeURIComponent(`workspace/${MARKUP}`)}`);
      await me.press(me.find("button", "Next"));
      await me.press(me.find("button", "Next: see what will happen"));
      await me.reads("The dry run went well");
      await isText("what a restore will do");
      await me.press(me.page.getByText("What is written"));
      await me.reads("inside.md");
      await isText("what a restore will write");

      // An address is a text of strangers as well.
      await me.goTo(`backup/tenants/${encodeURIComponent(MARKUP)}`);
      await isText("a tenant that there is not");
    });
  }
});
