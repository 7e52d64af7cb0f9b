/** The first page that people meet, and what the token opens. */
import t from "tap";
import { ADMIN_TOKEN, Bed } from "../support/bed.js";
import { accessibilityFaults, missingChromium, TestBrowser } from "./browser.js";

t.test("a token opens the pages that are its holder's", { skip: missingChromium() }, async (t) => {
  const bed = await Bed.start(t);
  const browser = await TestBrowser.start(t);
  const token = await bed.createTenant("acme");

  await t.test("a wrong one is refused, in words, and another can be tried", async (t) => {
    const { page, complaints } = await browser.visit(bed.gateway.url);
    const field = page.getByLabel("Token");
    await field.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "does not know this token" }).waitFor();
    t.strictSame(await accessibilityFaults(page), []);
    await field.fill(ADMIN_TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Backups" }).waitFor();
    t.strictSame(complaints, []);
  });

  await t.test("it is kept for the tab, and for no other", async (t) => {
    const { page, context } = await browser.visit(bed.gateway.url);
    await page.getByLabel("Token").fill(ADMIN_TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Backups" }).waitFor();
    await page.reload();
    await page.getByRole("link", { name: "Backups" }).waitFor();
    const other = await context.newPage();
    await other.goto(bed.gateway.url);
    await other.getByLabel("Token").waitFor();
    t.strictSame(await context.cookies(), []);
    t.equal(await page.evaluate(() => JSON.stringify(localStorage)), "{}");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").waitFor();
    t.equal(await page.evaluate(() => JSON.stringify(sessionStorage)), "{}");
  });

  await t.test("a tenant's own opens its own things only", async (t) => {
    const { page, complaints } = await browser.visit(bed.gateway.url);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.getByLabel("Token").fill(token);
    await page.keyboard.press("Enter");
    await page.getByText("acme", { exact: true }).first().waitFor();
    await page.getByRole("link", { name: "Backups" }).waitFor();
    await page.waitForLoadState("networkidle");
    t.strictSame(
      asked.filter((path) => path.startsWith("/api/admin/")),
      [],
    );
    t.equal(await page.getByRole("link", { name: "Audit" }).count(), 0);
    t.strictSame(complaints, []);
  });
});
