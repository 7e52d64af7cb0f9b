/// <reference lib="dom" />
/** Somebody who sits before the control UI. */
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import type { Test } from "tap";
import { ADMIN_TOKEN, type Bed } from "../support/bed.js";
import { accessibilityFaults, type TestBrowser, type Visit } from "./browser.js";
import { MOUSE, type Hands } from "./hands.js";

export interface OperatorOptions extends BrowserContextOptions {
  readonly hands?: Hands | undefined;
  /** Default: the admin's. */
  readonly token?: string;
}

type Role = Parameters<Page["getByRole"]>[0];

export class Operator {
  readonly page: Page;
  readonly #t: Test;
  readonly #bed: Bed;
  readonly #hands: Hands;
  readonly #complaints: readonly string[];

  private constructor(t: Test, bed: Bed, hands: Hands, { page, complaints }: Visit) {
    this.page = page;
    this.#t = t;
    this.#bed = bed;
    this.#hands = hands;
    this.#complaints = complaints;
  }

  /** Opens the page and gives the token. */
  static async signIn(
    t: Test,
    browser: TestBrowser,
    bed: Bed,
    { hands = MOUSE, token = ADMIN_TOKEN, ...context }: OperatorOptions = {},
  ): Promise<Operator> {
    const operator = new Operator(t, bed, hands, await browser.visit(bed.gateway.url, context));
    await operator.fill(operator.page.getByLabel("Token"), token);
    await operator.page.keyboard.press("Enter");
    await operator.find("link", "Backups").waitFor();
    return operator;
  }

  /** Goes to a place by its address, as from a bookmark. */
  async goTo(place: string): Promise<void> {
    await this.page.goto(`${this.#bed.gateway.url}/#/${place}`);
    await this.find("heading", /./, { level: 1 }).waitFor();
    await this.page.waitForLoadState("networkidle");
  }

  find(role: Role, name: string | RegExp, options: { readonly level?: number } = {}): Locator {
    return this.page.getByRole(role, { name, exact: typeof name === "string", ...options });
  }

  press(target: Locator): Promise<void> {
    return this.#hands.press(target);
  }

  fill(target: Locator, text: string): Promise<void> {
    return this.#hands.fill(target, text);
  }

  choose(target: Locator, title: string): Promise<void> {
    return this.#hands.choose(target, title);
  }

  /** Waits until a text is to be seen. */
  async reads(text: string | RegExp, within: Page | Locator = this.page): Promise<void> {
    await within.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /**
   * What is to be seen now can be read by who does not see it, fits the screen, and has broken no policy.
   *
   * @param what For the message.
   */
  async looksAt(what: string): Promise<void> {
    this.#t.strictSame(await accessibilityFaults(this.page), [], `${what}: axe finds nothing`);
    const tooWide = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    this.#t.ok(tooWide <= 0, `${what}: nothing stands out by ${tooWide} px`);
    this.#t.strictSame(this.#complaints, [], `${what}: the page has nothing to complain of`);
  }
}
