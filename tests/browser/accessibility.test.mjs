// Both pages by axe-core's rules, with something in all of their parts.

import assert from "node:assert/strict";
import axe from "axe-core";
import { button, cardsOn, NARROW, scene, WIDE } from "./scene.mjs";
import { approval } from "./stack.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {() => Promise<string[]>} faults */
async function inEveryLight(page, faults) {
  /** @type {string[]} */
  const found = [];
  for (const viewport of [WIDE, NARROW]) {
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      found.push(...(await faults()).map((fault) => `${viewport.width} ${colorScheme}: ${fault}`));
    }
  }
  return found;
}

/** What keeps somebody from using the page. @param {Page} page */
async function barriersOn(page) {
  // A colour that is still changing is no colour to judge.
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id} in ${html}: ${failureSummary}`));
}

scene("nothing on the inbox page keeps anybody out, light or dark, wide or narrow", async ({ stack, visit }) => {
  const [follower, stranger] = [await stack.login(0), await stack.login(4)];
  await stack.sync();
  const page = await visit(stack.wechat);
  await button(page, "Log in, user 1").click();
  await button(page, "Give credit, user 4").click();
  await button(page, "Block, user 2").click();
  for (const name of ["Slow", "Late callbacks"]) await page.getByRole("switch", { name }).click();
  await page.getByRole("group", { name: "In force" }).getByText("1500 ms slower").waitFor();
  await page.locator("summary", { hasText: "More" }).first().click();
  await button(page, "Reset all").click();
  await stack.send(approval(follower));
  await stack.send(approval(stranger));
  await cardsOn(page).nth(1).waitFor();

  assert.deepEqual(await inEveryLight(page, () => barriersOn(page)), []);
});

scene("nothing on the console keeps anybody out, light or dark, wide or narrow", async ({ stack, visit }) => {
  await stack.login(0);
  const [, stranger] = [await stack.login(1), await stack.login(4)];
  await stack.sync();
  const page = await visit(stack.console);
  const form = page.getByRole("form", { name: "Send a notification" });
  await page.getByRole("checkbox", { name: "User 1" }).check();
  await form.getByLabel("Other openids").fill(`${stranger} nobody`);
  await button(form, "Fill in an example").click();
  await button(form, "Send").click();
  await page.getByText("2 users will get nothing").first().waitFor();
  await cardsOn(page).nth(1).waitFor();
  await button(form, "Dry run").click();
  await page.getByText("2 messages would go out").first().waitFor();

  const panes = page.getByRole("navigation", { name: "The three panes" });
  const found = await inEveryLight(page, async () => {
    if (!(await panes.isVisible())) return barriersOn(page);
    const inPanes = [];
    for (const pane of ["Backend", "Results", "Phone"]) {
      await panes.getByRole("button", { name: pane }).click();
      inPanes.push(...(await barriersOn(page)));
    }
    return inPanes;
  });
  assert.deepEqual(found, []);
});
