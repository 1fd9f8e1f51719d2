// What every test begins with: a stack of its own, and its pages in a browser.
//
//   cargo build --bin queqiao && cd tests/browser && npm ci --ignore-scripts && npm test
//
// QUEQIAO and CHROMIUM name other programs than target/debug/queqiao and /usr/bin/chromium.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { launch } from "./browser.mjs";
import { startStack } from "./stack.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };

/** For a busy machine: nothing is waited for longer than it takes. */
const PATIENCE = 15_000;

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;
after(async () => (await browser)?.close());

/**
 * @typedef {import("playwright-core").BrowserContextOptions & { mayLog?: RegExp, watch?: (page: Page) => unknown, isLiveAtOnce?: boolean }} Options
 *   `mayLog` are console errors that the test brings about; `watch` is given the page before it is opened.
 */

/**
 * A test on a stack of its own. Whatever one of its pages does that no page may do fails it.
 *
 * @param {string} title
 * @param {(scene: { stack: import("./stack.mjs").Stack, visit: (url: string, options?: Options) => Promise<Page> }) => Promise<void>} body
 */
export const scene = (title, body) =>
  test(title, async (t) => {
    const stack = await startStack();
    browser ??= launch();
    /** @type {import("playwright-core").BrowserContext[]} */
    const contexts = [];
    /** @type {string[]} */
    const misdeeds = [];
    const visit = async (/** @type {string} */ url, /** @type {Options} */ { mayLog, watch, isLiveAtOnce = true, ...options } = {}) => {
      const context = await (await browser).newContext({ viewport: WIDE, locale: "en-US", reducedMotion: "reduce", ...options });
      contexts.push(context);
      context.setDefaultTimeout(PATIENCE);
      const page = await context.newPage();
      noteMisdeeds(page, new URL(url).origin, mayLog, misdeeds);
      await watch?.(page);
      await page.goto(url);
      if (isLiveAtOnce) await isLive(page);
      return page;
    };
    try {
      await body({ stack, visit });
    } finally {
      await Promise.all(contexts.map((context) => context.close()));
      await stack.stop();
      for (const misdeed of misdeeds) t.diagnostic(`a page ${misdeed}`);
    }
    assert.deepEqual(misdeeds, []);
  });

/**
 * Errors, dialogs, and requests to anybody else.
 *
 * @param {Page} page
 * @param {string} origin
 * @param {RegExp | undefined} mayLog
 * @param {string[]} misdeeds  Gets them.
 */
function noteMisdeeds(page, origin, mayLog, misdeeds) {
  page.on("pageerror", ({ stack }) => misdeeds.push(`threw ${stack}`));
  page.on("console", (message) => {
    const text = `${message.text()} (${message.location().url})`;
    if (message.type() === "error" && !mayLog?.test(text)) misdeeds.push(`logged ${text}`);
  });
  page.on("dialog", async (dialog) => {
    misdeeds.push(`showed a dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) misdeeds.push(`asked ${url}`);
  });
}

/** @param {Page} page */
export const isLive = (page) => page.locator("[data-connection=live]").waitFor();

/** @param {Page} page @param {string} name */
export const button = (page, name) => page.getByRole("button", { name, exact: true });

/** A page shows in its next frame what was typed or pressed: nobody types faster than that. @param {Page} page */
export const nextFrame = (page) =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

/** Reaches a control by Tab alone, as somebody without a mouse does. @param {Page} page @param {Locator} control */
export async function tabTo(page, control) {
  await control.waitFor();
  for (let tabs = 0; tabs < 160; tabs += 1) {
    await page.keyboard.press("Tab");
    if (await control.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail(`Tab does not reach ${control}`);
}

/** The cards on the phone, newest first. @param {Page} page */
export const cardsOn = (page) => page.getByRole("region", { name: "Messages", exact: true }).getByRole("listitem");

/** A card's lines from the top, `label: value`. @param {Locator} card */
export const linesOf = (card) =>
  card.locator("dl > div").evaluateAll((lines) => lines.map((line) => [...line.children].map((part) => part.textContent).join(": ")));
