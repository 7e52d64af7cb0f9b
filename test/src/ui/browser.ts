/// <reference lib="dom" />
/** The system's Chromium, with what a page complains of. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from "playwright-core";
import type { Test } from "tap";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const CHROMIUM_ARGS: readonly string[] = [
  // Its sandbox needs rights that a container's root has not; the pages are this gateway's own.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is; `OPENCLAW_TEST_CHROMIUM` names another one. */
export function chromiumProgram(): string | undefined {
  const named = process.env["OPENCLAW_TEST_CHROMIUM"];
  return named ?? PROGRAMS.find((path) => existsSync(path));
}

/** For a test's `skip` option. */
export function missingChromium(): string | false {
  return chromiumProgram() === undefined ? "needs the program chromium" : false;
}

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page said that no page should: errors of its script, violations of its policy, calls of other hosts. */
  readonly complaints: readonly string[];
}

export class TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Closed when the test ends. */
  static async start(t: Test): Promise<TestBrowser> {
    const executablePath = chromiumProgram();
    if (executablePath === undefined) throw new Error("There is no Chromium.");
    const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] });
    t.teardown(() => browser.close());
    return new TestBrowser(browser);
  }

  /** A new visitor: nothing is kept from the one before. */
  async visit(url: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await this.#browser.newContext({
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
      ...options,
    });
    const complaints: string[] = [];
    await context.exposeFunction("openclawComplaint", (text: string) => void complaints.push(text));
    await context.addInitScript(() => {
      addEventListener(
        "securitypolicyviolation",
        ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
          const tell = (globalThis as unknown as { openclawComplaint: (text: string) => void })
            .openclawComplaint;
          tell(`${violatedDirective} was violated by ${blockedURI} (${sourceFile}:${lineNumber})`);
        },
      );
    });
    await context.addInitScript({ path: AXE });
    const page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(`${new URL(url).origin}/`))
        complaints.push(`it asks for ${request.url()}`);
    });
    await page.goto(url);
    return { page, context, complaints };
  }
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe finds wrong with the page as it stands, a line each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html}: ${failureSummary ?? ""}`),
  );
}
