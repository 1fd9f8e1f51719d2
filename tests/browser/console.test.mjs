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

scene("the console reads of the simulator only what it shows", async ({ stack, visit }) => {
  const read = /** @type {Set<string>} */ (new Set());
  const watch = (/** @type {Page} */ page) => page.on("request", (request) => read.add(new URL(request.url()).pathname));
  const page = await visit(stack.console, { watch });
  // The login is a call of WeChat's API, which the other page counts.
  await button(page, "Log in, user 0").click();
  await page.getByRole("checkbox", { name: "User 0" }).waitFor();

  const ofSimulator = [...read].filter((path) => /^\/_sim\/(?!ui\/|events|users\/)/.test(path)).sort();
  assert.deepEqual(ofSimulator, ["/_sim/clock", "/_sim/log", "/_sim/messages", "/_sim/templates", "/_sim/users"]);
});

scene("what failed is sent anew at the press of a button", async ({ stack, visit }) => {
  await stack.login(0);
  await stack.sync();
  const [phone, page] = await Promise.all([visit(stack.wechat), visit(stack.console)]);
  await button(phone, "Settings, Fail").click();
  const fail = phone.getByRole("switch", { name: "Fail" });
  await phone.getByRole("form", { name: "Fail" }).getByRole("combobox", { name: "Errcode" }).selectOption("47003");
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

scene("whoever presses Send again because no answer came sends once, after a reload too", async ({ stack, visit }) => {
  await stack.login(0);
  await stack.sync();
  const page = await visit(stack.console, { mayLog: /(409|502).*\/api\/send|ERR_FAILED/ });
  const form = formOn(page);
  const keys = /** @type {string[]} */ ([]);
  /** What becomes of the answers, one after the other. @type {((route: import("playwright-core").Route) => Promise<void>)[]} */
  const fates = [
    (route) => route.fulfill({ status: 502, json: { detail: "Lost on the way." } }),
    (route) => route.fulfill({ status: 409, json: { code: "conflict", detail: "It is still running." } }),
    (route) => route.abort(),
  ];
  await page.route("**/api/send", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    const response = await route.fetch();
    await (fates.shift()?.(route) ?? route.fulfill({ response }));
  });
  await button(form, "Fill in an example").click();
  await nextFrame(page);
  await button(form, "Send").click();
  await lastCallOn(page).getByText("Lost on the way.").waitFor();
  assert.ok((await lastCallOn(page).locator(".terminal code").innerText()).includes(`-H "Idempotency-Key: ${keys[0]}"`));
  await button(form, "Send").click();
  await lastCallOn(page).getByText("It is still running.").waitFor();
  await button(form, "Send").click();
  await lastCallOn(page).getByText("No answer.").waitFor();

  await page.reload();
  await isLive(page);
  // The form is whole before it is sent: who is to get it, and by which notification.
  await page.getByRole("checkbox", { name: "User 0", checked: true }).waitFor();
  await form.getByLabel("单号 id").waitFor();
  await nextFrame(page);
  await button(form, "Send").click();
  await lastCallOn(page).getByText("1 message accepted.").waitFor();
  await batchOn(page).getByText("delivered", { exact: true }).waitFor();
  assert.equal(await cardsOn(page).count(), 1);

  // The same once more, or another text, is another message.
  await button(form, "Send").click();
  await cardsOn(page).nth(1).waitFor();
  await form.getByLabel("单号 id").fill("A-43");
  await button(form, "Send").click();
  await cardsOn(page).nth(2).waitFor();
  assert.deepEqual(keys.map((key) => keys.indexOf(key)), [0, 0, 0, 0, 4, 5]);
});

scene("a console that cannot begin says so, and begins once it can", async ({ stack, visit }) => {
  const watch = (/** @type {Page} */ page) => page.route("**/about", (route) => route.abort(), { times: 1 });
  const page = await visit(stack.console, { watch, isLiveAtOnce: false, mayLog: /ERR_FAILED/ });
  await page.getByRole("alert").getByText("No answer. Look at the terminal").waitFor();
  await isLive(page);
  await formOn(page).waitFor();
  assert.equal(await page.getByRole("alert").getByText("No answer.").count(), 0);
});

scene("without a recipient nothing is sent, and the page says why", async ({ stack, visit }) => {
  await stack.login(0);
  const sent = /** @type {string[]} */ ([]);
  const watch = (/** @type {Page} */ page) => page.on("request", (request) => request.method() === "POST" && sent.push(request.url()));
  const page = await visit(stack.console, { watch });
  const form = formOn(page);
  await button(form, "Fill in an example").click();
  await page.getByRole("checkbox", { name: "User 0" }).uncheck();
  for (const name of ["Send", "Dry run"]) {
    await button(form, name).click();
    await form.getByRole("alert").getByText("Choose a recipient first.").waitFor();
  }
  await page.getByText("Nothing was sent yet").waitFor();
  assert.deepEqual(sent, []);
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
