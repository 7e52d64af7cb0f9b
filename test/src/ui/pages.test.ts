/** Every page of the control UI opens, keeps to its policy, and can be read by who does not see it. */
import t from "tap";
import { ADMIN_TOKEN, Bed } from "../support/bed.js";
import { accessibilityFaults, missingChromium, TestBrowser } from "./browser.js";

t.test("every page of an admin", { skip: missingChromium() }, async (t) => {
  const bed = await Bed.start(t);
  await bed.createTenant("acme");
  const { result } = await bed.backup("acme");
  const archive = encodeURIComponent(result.archiveId);
  const browser = await TestBrowser.start(t);
  const places = [
    "backup",
    "backup/tenants/acme",
    `backup/archives/${archive}`,
    `backup/compare/${archive}/live`,
    `backup/restore/${archive}`,
    "backup/jobs",
    "backup/destinations",
    "backup/drills",
    "schedules",
    "audit",
    "doctor",
  ];
  for (const colorScheme of ["light", "dark"] as const) {
    const { page, complaints } = await browser.visit(bed.gateway.url, { colorScheme });
    await page.getByLabel("Token").fill(ADMIN_TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Doctor" }).waitFor();
    for (const place of places) {
      await page.goto(`${bed.gateway.url}/#/${place}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      t.equal(await page.getByRole("heading", { level: 1 }).count(), 1, `${place} has one main heading`);
      t.strictSame(await accessibilityFaults(page), [], `${place}, ${colorScheme}`);
    }
    t.strictSame(complaints, [], colorScheme);
  }
});
