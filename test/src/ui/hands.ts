/// <reference lib="dom" />
/** How somebody acts on a page: with a mouse, or by keyboard alone. Every flow is gone through with both. */
import type { Locator } from "playwright-core";

export interface Hands {
  /** For the name of a test. */
  readonly name: string;
  /** A button, a link, a row of a grid, a switch, or one of several choices. */
  press(target: Locator): Promise<void>;
  /** Puts a text in the place of the one that is there. */
  fill(target: Locator, text: string): Promise<void>;
  /** One of a list's options, by its title. */
  choose(target: Locator, title: string): Promise<void>;
}

export const MOUSE: Hands = {
  name: "with a mouse",
  press: (target) => target.click(),
  fill: (target, text) => target.fill(text),
  choose: async (target, title) => {
    await target.selectOption({ label: title });
  },
};

/** More than any page has. */
const MOST_STOPS = 250;

const KEYBOARD: Hands = {
  name: "by keyboard alone",
  press: async (target) => {
    await target.waitFor();
    const kind = await target.evaluate((element) => {
      if (element instanceof HTMLInputElement) return element.type;
      return element.getAttribute("tabindex") === "-1" ? "row" : "other";
    });
    // Of the rows of a grid, and of several choices, Tab stops at one; arrows lead to the others.
    if (kind === "row") await arrowTo(target, "button.row-name");
    else if (kind === "radio") await arrowTo(target, "input[type=radio]");
    else await tabTo(target);
    if (kind !== "radio") await target.page().keyboard.press(kind === "checkbox" ? "Space" : "Enter");
  },
  fill: async (target, text) => {
    await tabTo(target);
    await target.page().keyboard.press("Control+A");
    await target.page().keyboard.type(text);
  },
  choose: async (target, title) => {
    await tabTo(target);
    await target.page().keyboard.type(title);
    const chosen = await target.evaluate((element) =>
      (element as HTMLSelectElement).selectedOptions[0]?.textContent.trim(),
    );
    if (chosen !== title) throw new Error(`The keyboard chooses “${chosen ?? ""}” and not “${title}”.`);
  },
};

export const HANDS: readonly Hands[] = [MOUSE, KEYBOARD];

/** Presses Tab until the element has the focus. */
async function tabTo(target: Locator): Promise<void> {
  await target.waitFor();
  const page = target.page();
  for (let stops = 0; stops < MOST_STOPS; stops += 1) {
    if (await hasFocus(target)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never comes to ${String(target)}.`);
}

/** @param sort Selector of the target and of those beside it. */
async function arrowTo(target: Locator, sort: string): Promise<void> {
  const page = target.page();
  const beside = (): Promise<boolean> =>
    target.evaluate((element, selector) => {
      const { activeElement } = element.getRootNode() as ShadowRoot;
      const name = (of: Element | null): string | null => of?.getAttribute("name") ?? null;
      return (activeElement?.matches(selector) ?? false) && name(activeElement) === name(element);
    }, sort);
  for (let stops = 0; stops < MOST_STOPS && !(await beside()); stops += 1) await page.keyboard.press("Tab");
  for (let steps = 0; steps < MOST_STOPS; steps += 1) {
    if (await hasFocus(target)) return;
    await page.keyboard.press("ArrowDown");
  }
  throw new Error(`The arrow keys never come to ${String(target)}.`);
}

function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element);
}
