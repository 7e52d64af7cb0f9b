/** Every page of the control UI opens, keeps to its policy, fits its screen, and can be read by who does not see it. */
import t from "tap";
import { Bed } from "../support/bed.js";
import { missingChromium, TestBrowser } from "./browser.js";
import { Operator } from "./operator.js";

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

t.test("every page of an admin", { skip: missingChromium() }, async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  const { id, result } = await bed.backup("acme");
  const archive = encodeURIComponent(result.archiveId);
  const browser = await TestBrowser.start(t);
  const places = [
    "backup",
    "backup/tenants/acme",
    "backup/tenants/nobody",
    `backup/archives/${archive}`,
    "backup/archives/none",
    `backup/compare/${archive}/live`,
    `backup/restore/${archive}`,
    "backup/jobs",
    `backup/jobs/${id}`,
    "backup/destinations",
    "backup/drills",
    "schedules",
    "audit",
    "doctor",
    "no-such-page",
  ];
  for (const [colorScheme, viewport] of [
    ["light", DESKTOP],
    ["dark", DESKTOP],
    ["light", PHONE],
    ["dark", PHONE],
  ] as const) {
    const me = await Operator.signIn(t, browser, bed, { colorScheme, viewport });
    for (const place of places) {
      await me.goTo(place);
      t.equal(await me.find("heading", /./, { level: 1 }).count(), 1, `${place} has one main heading`);
      await me.looksAt(`${place}, ${colorScheme}, ${viewport.width} pixels wide`);
    }
  }
});
