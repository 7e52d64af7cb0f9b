/// <reference lib="dom" />
/**
 * Measures the control UI's first page with 1,000 tenants and 50,000 archives in the ledger, and prints it: how long until it can
 * be used, how long its browser is busy at a stretch while it is scrolled and searched.
 *
 *     pnpm measure:ui [TENANTS ARCHIVES]        default: 1000 50000
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv } from "node:process";
import { chromium, type Page } from "playwright-core";
import { count } from "../demo/narrator.js";
import { GatewayProcess } from "../support/gateway-process.js";
import { CHROMIUM_ARGS, chromiumProgram } from "../ui/browser.js";
import { writeManyArchives } from "./many-archives.js";

const TOKEN = "measure-admin-token-0123456789abcdef";
const ROUNDS = 5;

interface Round {
  /** Milliseconds from the reload until the tenants are there. */
  readonly usable: number;
  /** The longest stretches in which the page was busy, in milliseconds: until it was usable, and from then on. */
  readonly loading: number;
  readonly working: number;
}

const [tenants = 1000, archives = 50_000] = argv.slice(2).map(Number);
const executablePath = chromiumProgram();
if (executablePath === undefined) throw new Error("There is no Chromium: apt-get install chromium");
const directory = mkdtempSync(join(tmpdir(), "openclaw-measure-"));
try {
  const stateDirectory = join(directory, "state");
  mkdirSync(stateDirectory, { mode: 0o700 });
  await writeManyArchives(stateDirectory, { tenants, archives, token: TOKEN });
  const gateway = await GatewayProcess.start({ stateDirectory, adminToken: TOKEN });
  try {
    print("gateway", `${count(tenants)} tenants, ${count(archives)} archives`);
    print("overview route", `${(await routeTimes(gateway.url)).map(Math.round).join(", ")} ms`);
    const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] });
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      await signIn(page, gateway.url);
      const rounds: Round[] = [];
      for (let i = 0; i < ROUNDS; i += 1) rounds.push(await round(page));
      const each = (of: (round: Round) => number): string =>
        rounds.map((one) => Math.round(of(one))).join(", ");
      print("usable after", `${each(({ usable }) => usable)} ms`);
      print("longest task while loading", `${each(({ loading }) => loading)} ms`);
      print("… while scrolled and searched", `${each(({ working }) => working)} ms`);
    } finally {
      await browser.close();
    }
  } finally {
    await gateway.stop();
  }
} finally {
  rmSync(directory, { recursive: true });
}

async function routeTimes(url: string): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const began = performance.now();
    const headers = { authorization: `Bearer ${TOKEN}` };
    await (await fetch(`${url}/api/admin/backups/overview`, { headers })).arrayBuffer();
    times.push(performance.now() - began);
  }
  return times;
}

async function signIn(page: Page, url: string): Promise<void> {
  await page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { longTasks: tasks });
    // https://w3c.github.io/longtasks: those of 50 ms and more.
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: "longtask", buffered: true });
  });
  await page.goto(url);
  await page.getByLabel("Token").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.getByRole("row").nth(1).waitFor();
}

async function round(page: Page): Promise<Round> {
  const began = performance.now();
  await page.reload({ waitUntil: "commit" });
  await page.getByRole("row").nth(5).waitFor();
  await page.getByLabel("Search tenants").focus();
  const usable = performance.now() - began;
  const loading = await longestTask(page);
  for (let i = 0; i < 60; i += 1) {
    await page.mouse.wheel(0, 900);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await page.getByLabel("Search tenants").pressSequentially("tenant-05");
  await page.getByText(/^100 of/).waitFor();
  await page.getByLabel("Search tenants").fill("");
  return { usable, loading, working: await longestTask(page) };
}

/** Of those since it was last asked, in milliseconds. */
function longestTask(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { longTasks } = globalThis as unknown as { longTasks: number[] };
    return Math.max(0, ...longTasks.splice(0));
  });
}

function print(what: string, value: string): void {
  console.log(`${what.padEnd(32)}${value}`);
}
