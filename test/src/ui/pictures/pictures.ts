/**
 * Takes the pictures of the documentation: every page of the control UI, on a desktop and on a phone, in both themes.
 *
 *     pnpm pictures        writes docs/images/
 */
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { CHROMIUM_ARGS, chromiumProgram } from "../browser.js";
import { showcase, TOKEN } from "./showcase.js";

const IMAGES = fileURLToPath(new URL("../../../../docs/images", import.meta.url));

const SCREENS = {
  desktop: { width: 1280, height: 860 },
  phone: { width: 390, height: 844 },
} as const;

/** What is pressed at a place before its picture is taken. */
type Steps = (page: Page) => Promise<void>;

const executablePath = chromiumProgram();
if (executablePath === undefined) throw new Error("There is no Chromium: apt-get install chromium");
// Its name is to be seen in the pictures. Where it is there already, somebody else needs it.
const directory = join(tmpdir(), "openclaw");
mkdirSync(directory);
const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] });
try {
  mkdirSync(IMAGES, { recursive: true });
  const shown = await showcase(directory);
  const { url, archive } = shown;
  const places: readonly (readonly [name: string, place: string, steps?: Steps])[] = [
    ["overview", "backup"],
    ["back-up-now", "backup", backUpNow],
    ["tenant", "backup/tenants/acme"],
    ["archive", `backup/archives/${encodeURIComponent(archive)}`, openDirectory],
    ["compare", `backup/compare/${encodeURIComponent(archive)}/live`],
    ["restore", `backup/restore/${encodeURIComponent(archive)}`, seeWhatHappens],
    ["jobs", "backup/jobs"],
    ["destinations", "backup/destinations"],
    ["drills", "backup/drills"],
    ["schedules", "schedules"],
    ["audit", "audit"],
    ["doctor", "doctor"],
  ];
  for (const [screen, viewport] of Object.entries(SCREENS)) {
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({
        ...{ viewport, colorScheme, locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce" },
      });
      const page = await context.newPage();
      await page.goto(url);
      await page.getByLabel("Token").fill(TOKEN);
      await page.keyboard.press("Enter");
      await page.getByRole("link", { name: "Doctor" }).waitFor();
      for (const [name, place, steps] of places) {
        await page.goto("about:blank");
        await page.goto(`${url}/#/${place}`);
        await page.waitForLoadState("networkidle");
        await page.getByRole("heading", { level: 1 }).waitFor();
        await steps?.(page);
        await page.screenshot({ path: join(IMAGES, `${name}-${screen}-${colorScheme}.png`) });
      }
      await context.close();
    }
  }
  await shown.close();
} finally {
  await browser.close();
  rmSync(directory, { recursive: true, force: true });
}

async function backUpNow(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Back up willow" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: "Back up", exact: true }).waitFor();
}

async function openDirectory(page: Page): Promise<void> {
  await page.getByRole("button", { name: /^workspace/ }).click();
  await page.getByRole("button", { name: "README.md" }).waitFor();
  await page.getByRole("heading", { name: "Files" }).scrollIntoViewIfNeeded();
}

async function seeWhatHappens(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Next: see what will happen" }).click();
  await page.getByText("The dry run went well").waitFor();
  await page.getByText(/Against now/).waitFor();
  await page.waitForLoadState("networkidle");
}
