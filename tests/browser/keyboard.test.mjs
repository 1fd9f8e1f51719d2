// Whoever uses the pages without a mouse is never thrown back to their beginning.

import assert from "node:assert/strict";
import { button, scene, tabTo } from "./scene.mjs";
import { approval, until } from "./stack.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/** Presses a control that goes away with that. @param {Page} page @param {Locator} control @param {Locator} next  Where the keyboard is then. */
async function pressAway(page, control, next) {
  await tabTo(page, control);
  await page.keyboard.press("Enter");
  await control.waitFor({ state: "detached" });
  await until(() => next.evaluate((element) => element === document.activeElement), 2000);
}

scene("a control of the inbox page that goes away leaves the keyboard at what is next", async ({ stack, visit }) => {
  const page = await visit(stack.wechat, { mayLog: /404.*\/_sim\/users/ });
  const toAdd = page.getByRole("form", { name: "Add user" }).getByLabel("User to add");
  await toAdd.fill("12");
  await page.keyboard.press("Enter");
  const row = page.locator("[data-user='12']");
  await row.locator("summary").click();
  await pressAway(page, button(page, "Take off this list, user 12"), toAdd);

  await button(page, "Log in, user 0").click();
  await pressAway(page, button(page, "Dismiss, user 0"), button(page, "Log in, user 0"));

  await toAdd.fill("nobody");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByRole("button", { name: "Dismiss" }).waitFor();
  await pressAway(page, page.getByRole("alert").getByRole("button", { name: "Dismiss" }), page.getByRole("main"));

  const inForce = page.getByRole("group", { name: "In force" });
  for (const name of ["Slow", "Late callbacks"]) await page.getByRole("switch", { name }).click();
  await inForce.getByText("1500 ms slower").waitFor();
  await pressAway(page, button(page, "Remove All endpoints 1500 ms slower"), inForce);
  await pressAway(page, button(page, "Lift all"), inForce);
});

scene("a control of the console that goes away leaves the keyboard at what is next", async ({ stack, visit }) => {
  const page = await visit(stack.console);
  await pressAway(page, button(page, "Close the five steps"), page.getByLabel("Notification", { exact: true }));
  const users = page.getByRole("group", { name: "Recipients" });
  await pressAway(page, button(users, "Log in user\u00a00"), users.getByRole("checkbox", { name: "User 0" }));

  await stack.sync();
  const openid = await stack.login(0);
  const { id } = await stack.send(approval(openid));
  const toLookUp = page.getByRole("form", { name: "Look up a batch" }).getByRole("textbox");
  await toLookUp.fill(id);
  await page.keyboard.press("Enter");
  await pressAway(page, button(page, `Take off this list, batch ${id}`), toLookUp);
});

scene("a question is asked for as long as the keyboard stays there", async ({ stack, visit }) => {
  const page = await visit(stack.wechat);
  await page.clock.install();
  const [asked, sure] = [page.getByText("Reset all", { exact: true }), page.getByText("Really reset?", { exact: true })];
  for (const leave of ["Escape", "Tab"]) {
    await asked.click();
    await page.clock.fastForward("10:00");
    assert.ok(await sure.isVisible());
    await page.keyboard.press(leave);
    await asked.waitFor();
    assert.equal(await sure.isVisible(), false);
  }
});
