// The console: a backend, what became of what it sent, and the phone beside it.

import assert from "node:assert/strict";
import { button, cardsOn, isLive, linesOf, NARROW, nextFrame, scene, tabTo } from "./scene.mjs";

/** @typedef {import("playwright-core").Page} Page */

const STEPS = ["1 Log in user 0", "2 Sync followers", "3 Fill in an example", "4 Dry run", "5 Send"];
/** What the last call came to after each; an example calls nobody. */
const SAID = [
  "User 0 is logged in.",
  "The map has 3 followers, 3 of them new.",
  null,
  "1 message would go out. Nothing was sent.",
  "1 message accepted.",
];

/** @param {Page} page */
const formOn = (page) => page.getByRole("form", { name: "Send a notification" });
/** @param {Page} page */
const lastCallOn = (page) => page.getByRole("region", { name: "The last call" });
/** The one batch that was sent. @param {Page} page */
const batchOn = (page) => page.getByRole("article", { name: /^batch / });

scene("five clicks lead from a fresh start to a delivered card on the phone", async ({ stack, visit }) => {
  const page = await visit(stack.console);
  for (const [index, step] of STEPS.entries()) {
    const next = page.locator("[aria-current=step]");
    assert.equal((await next.innerText()).replaceAll(/\s+/g, " "), step);
    await next.click();
    await button(page, `${step} (done)`).waitFor();
    if (SAID[index]) await lastCallOn(page).getByText(SAID[index]).waitFor();
  }

  await page.getByText("Your first message was delivered").waitFor();
  await batchOn(page).getByText("delivered", { exact: true }).waitFor();
  await cardsOn(page).getByText("receipt taken").waitFor();
  assert.equal(await cardsOn(page).count(), 1);
});

scene("the five steps need no mouse, nor a wide screen", async ({ stack, visit }) => {
  const page = await visit(stack.console, { viewport: NARROW });
  await tabTo(page, button(page, STEPS[0]));
  for (const step of STEPS) {
    await page.keyboard.press("Enter");
    await button(page, `${step} (done)`).waitFor();
    await page.keyboard.press("Tab");
  }
  await page.getByText("Your first message was delivered").waitFor();

  await tabTo(page, button(page, "See what became of it"));
  await page.keyboard.press("Enter");
  await batchOn(page).getByText("delivered", { exact: true }).waitFor();
});

scene("a dry run shows the card that will arrive", async ({ stack, visit }) => {
  await stack.login(0);
  await stack.sync();
  const page = await visit(stack.console);
  await page.getByLabel("Notification", { exact: true }).selectOption("order_shipped");
  const form = formOn(page);
  await button(form, "Fill in an example").click();
  for (const [name, value] of Object.entries({ "商品名称 goods": "武夷山大红袍", "订单金额 total_fen": "36800" })) {
    await nextFrame(page);
    await form.getByLabel(name).fill(value);
  }

  await button(form, "Dry run").click();
  const preview = lastCallOn(page).getByRole("article");
  await preview.getByText("¥368.00").waitFor();
  const promised = await linesOf(preview);
  assert.equal(promised[0], "商品名称: 武夷山大红袍");
  assert.equal(await cardsOn(page).count(), 0);

  await button(form, "Send").click();
  await cardsOn(page).waitFor();
  assert.deepEqual(await linesOf(cardsOn(page)), promised);
});

scene("what failed is sent anew at the press of a button", async ({ stack, visit }) => {
  await stack.login(0);
  await stack.sync();
  const [phone, page] = await Promise.all([visit(stack.wechat), visit(stack.console)]);
  await button(phone, "Settings, Fail").click();
  const fail = phone.getByRole("switch", { name: "Fail" });
  await phone.locator("form", { has: fail }).getByRole("combobox", { name: "Errcode" }).selectOption("47003");
  await fail.click();
  await phone.getByRole("group", { name: "In force" }).getByText(/^47003/).waitFor();

  const form = formOn(page);
  await page.getByRole("checkbox", { name: "User 0" }).check();
  await button(form, "Fill in an example").click();
  await button(form, "Send").click();
  const batch = batchOn(page);
  await batch.getByText("errcode 47003", { exact: true }).waitFor();
  await batch.getByText("failed", { exact: true }).waitFor();

  await fail.click();
  await phone.getByText("No faults").waitFor();
  await button(batch, "Send anew").click();
  await batch.getByText("1 message sent anew.").waitFor();
  await batch.getByText("delivered", { exact: true }).waitFor();
});

scene("without a recipient nothing is sent, and the page says why", async ({ stack, visit }) => {
  const page = await visit(stack.console);
  const form = formOn(page);
  await button(form, "Fill in an example").click();
  await button(form, "Send").click();
  await form.getByRole("alert").getByText("Choose a recipient first.").waitFor();
  await page.getByText("Nothing was sent yet").waitFor();
});

scene("a reload keeps the form and what was sent", async ({ stack, visit }) => {
  await stack.login(0);
  await stack.sync();
  const page = await visit(stack.console);
  const form = formOn(page);
  await button(form, "Fill in an example").click();
  await nextFrame(page);
  await form.getByLabel("单号 id").fill("A-77");
  await button(form, "Send").click();
  const batch = batchOn(page);
  await batch.getByText("delivered", { exact: true }).waitFor();
  const name = await batch.getAttribute("aria-label");

  await page.reload();
  await isLive(page);
  await page.getByRole("article", { name, exact: true }).getByText("delivered", { exact: true }).waitFor();
  assert.equal(await form.getByLabel("单号 id").inputValue(), "A-77");
  assert.equal(await page.getByText("Your first message in five steps").count(), 0);
});
