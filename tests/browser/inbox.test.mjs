// The simulator's page: the phone, the users and the faults.

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { startRelay } from "./relay.mjs";
import { button, cardsOn, isLive, linesOf, scene, tabTo } from "./scene.mjs";
import { approval, until } from "./stack.mjs";

/** Does not follow from the start. */
const STRANGER = 4;

/** @param {import("playwright-core").Page} page @param {number} user */
const rowOf = (page, user) =>
  page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: `User ${user}`, exact: true }) });

/** As another tab does that is laid over it: a browser without a window hides none. @param {import("playwright-core").Page} page @param {boolean} isHidden */
const putOutOfSight = (page, isHidden) =>
  page.evaluate((isHidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, value: isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);

scene("a message appears as a card without a reload", async ({ stack, visit }) => {
  const openid = await stack.login(0);
  await stack.sync();
  const page = await visit(stack.wechat);
  await page.getByText("No messages yet").waitFor();

  const { id } = await stack.send(approval(openid));

  const card = cardsOn(page);
  await card.getByText("receipt taken").waitFor();
  assert.equal(await card.getByRole("heading").textContent(), "审批提交通知");
  const lines = ["申请人: 张三", "审批类型: 年假", "提交时间: 2026-11-28 09:30", "申请内容: 回家探亲", "单号: A-42"];
  assert.deepEqual(await linesOf(card), lines);
  const trace = (await card.innerText()).replaceAll(/\s+/g, " ");
  assert.match(trace, /pages\/approval\/detail\?id=A-42/);
  assert.ok(trace.includes(`User 0 template message batch ${id} no. 1`), trace);
  assert.match(trace, /errcode 0, msgid \d+/);
});

scene("the newest card is on top, and one user's can be looked at alone", async ({ stack, visit }) => {
  const [first, second] = [await stack.login(0), await stack.login(1)];
  await stack.sync();
  const page = await visit(stack.wechat);
  const cards = cardsOn(page);

  await stack.send(approval(first, { id: "A-1" }));
  await cards.getByText("A-1", { exact: true }).waitFor();
  await stack.send(approval(second, { id: "A-2" }));
  await cards.getByText("A-2", { exact: true }).waitFor();
  assert.equal(await cards.locator("dd").last().textContent(), "A-1");

  await button(page, "Only user 0").click();
  await page.getByText("A-2", { exact: true }).first().waitFor({ state: "detached" });
  assert.equal(await cards.count(), 1);
  await stack.send(approval(second, { id: "A-3" }));
  await stack.send(approval(first, { id: "A-4" }));
  await cards.getByText("A-4", { exact: true }).waitFor();
  assert.equal(await cards.count(), 2);

  await button(page, "Show all users").click();
  await cards.getByText("A-3", { exact: true }).waitFor();
  assert.equal(await cards.count(), 4);
});

scene("a message that arrives while a user's are read stays on the screen", async ({ stack, visit }) => {
  const openid = await stack.login(0);
  await stack.sync();
  const page = await visit(stack.wechat);
  const cards = cardsOn(page);
  await stack.send(approval(openid, { id: "A-1" }));
  await cards.getByText("receipt taken").waitFor();

  // The answer is on its way for long, and can be told from what was there before.
  const way = new EventEmitter();
  const asked = once(way, "asked");
  await page.route("**/_sim/messages?user=0*", async (route) => {
    const answer = await (await route.fetch()).json();
    const released = once(way, "released");
    way.emit("asked");
    await released;
    await route.fulfill({ json: answer.map((message) => ({ ...message, title: "As it was read" })) });
  });
  await button(page, "Only user 0").click();
  await asked;
  await stack.send(approval(openid, { id: "A-2" }));
  await cards.getByText("A-2", { exact: true }).waitFor();
  await cards.getByText("receipt taken").nth(1).waitFor();

  way.emit("released");
  await cards.getByText("As it was read").waitFor();
  assert.deepEqual(await cards.locator("dd").filter({ hasText: /^A-/ }).allTextContents(), ["A-2", "A-1"]);
  assert.equal(await cards.getByText("receipt taken").count(), 2);
});

scene("whoever does not follow gets nothing, and gets the next message after a press of Follow", async ({ stack, visit }) => {
  const page = await visit(stack.wechat);
  const user = rowOf(page, STRANGER);
  const loggedIn = page.waitForResponse(`**/_sim/users/${STRANGER}/login`);
  await button(page, `Log in, user ${STRANGER}`).click();
  await user.getByText("logged in", { exact: true }).waitFor();
  const { mini_openid: openid } = await (await loggedIn).json();

  const refused = await stack.send(approval(openid, { id: "A-1" }));
  assert.equal(refused.accepted, 0);
  assert.deepEqual(refused.rejected.map(({ reason }) => reason), ["not_subscribed"]);

  await button(page, `Follow, user ${STRANGER}`).click();
  await user.getByText("follows", { exact: true }).waitFor();
  await until(() => stack.wouldSend(approval(openid)));
  const { id } = await stack.send(approval(openid, { id: "A-2" }));

  await cardsOn(page).getByText("receipt taken").waitFor();
  assert.equal(await cardsOn(page).locator("dd").last().textContent(), "A-2");
  await until(async () => (await stack.status(id)).state === "delivered");
});

scene("whoever does not follow and gave credit gets a subscribe message", async ({ stack, visit }) => {
  const page = await visit(stack.wechat);
  const openid = await stack.login(STRANGER);
  const user = rowOf(page, STRANGER);
  await page.getByLabel("Template to allow").selectOption("审批通知");
  await button(page, `Give credit, user ${STRANGER}`).click();
  await user.getByText("credit 1", { exact: true }).waitFor();
  await user.getByText("HTTP 200").waitFor();

  await stack.send(approval(openid));

  const card = cardsOn(page);
  await card.getByText("subscribe message").waitFor();
  assert.deepEqual(await linesOf(card), ["申请人: 张三", "审批类型: 年假", "提交时间: 2026-11-28 09:30", "状态: 待审批"]);
  await user.getByText("credit 1", { exact: true }).waitFor({ state: "detached" });
});

scene("while Busy is on a message is retried, and it arrives once that is off", async ({ stack, visit }) => {
  const openid = await stack.login(0);
  await stack.sync();
  const [phone, console] = await Promise.all([visit(stack.wechat), visit(stack.console)]);
  const inForce = phone.getByRole("group", { name: "In force" });
  const busy = phone.getByRole("switch", { name: "Busy" });
  await inForce.getByText("No faults").waitFor();

  await button(phone, "Settings, Busy").click();
  const settings = phone.getByRole("form", { name: "Busy" });
  await settings.getByLabel("Endpoint").selectOption("/cgi-bin/message/template/send");
  await settings.getByLabel("Chance").fill("100");
  await busy.click();
  await inForce.getByText("/cgi-bin/message/template/send").waitFor();
  await inForce.getByText(/^-1/).waitFor();
  assert.equal(await busy.getAttribute("aria-checked"), "true");

  const { id } = await stack.send(approval(openid));
  await console.getByRole("textbox", { name: "Batch to look up" }).fill(id);
  await console.keyboard.press("Enter");
  const batch = console.getByRole("article", { name: `batch ${id}` });
  await batch.getByText("errcode -1").waitFor();
  await batch.getByText("retrying", { exact: true }).waitFor();
  assert.equal(await cardsOn(phone).count(), 0);

  await busy.click();
  await inForce.getByText("No faults").waitFor();
  // It is tried again after a while.
  await phone.getByText("Advance", { exact: true }).click();
  await button(phone, "Advance 1 min").click();
  await batch.getByText("delivered", { exact: true }).waitFor();
  await batch.getByText("2 attempts").waitFor();
  await cardsOn(phone).getByText("receipt taken").waitFor();
  assert.equal(await cardsOn(phone).count(), 1);
});

scene("a template that the account removes can no longer be allowed", async ({ stack, visit }) => {
  const page = await visit(stack.wechat);
  const options = page.getByLabel("Template to allow").getByRole("option");
  await options.filter({ hasText: "审批通知" }).waitFor({ state: "attached" });
  const id = await options.filter({ hasText: "审批通知" }).getAttribute("value");
  await stack.change({ removed_templates: [id] });
  await options.filter({ hasText: "审批通知" }).waitFor({ state: "detached" });
});

scene("by the keyboard alone a user logs in and follows", async ({ stack, visit }) => {
  const page = await visit(stack.wechat);
  const user = rowOf(page, STRANGER);

  await tabTo(page, button(page, `Log in, user ${STRANGER}`));
  await page.keyboard.press("Enter");
  await user.getByText("logged in", { exact: true }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await user.getByText("follows", { exact: true }).waitFor();

  // The button says what it would do now, and is still where the keyboard is.
  assert.equal(await page.evaluate(() => document.activeElement?.ariaLabel), `Unfollow, user ${STRANGER}`);
});

scene("a page whose connection broke off shows what arrived meanwhile", async ({ stack, visit }) => {
  const openid = await stack.login(0);
  await stack.sync();
  const relay = await startRelay(stack.wechat);
  const page = await visit(relay.url, { mayLog: /net::ERR_/ });
  await stack.send(approval(openid, { id: "A-1" }));
  await cardsOn(page).getByText("receipt taken").waitFor();

  relay.cut();
  await page.getByText("Reconnecting").waitFor();
  const { id } = await stack.send(approval(openid, { id: "A-2" }));
  await until(async () => (await stack.status(id)).state === "delivered");
  assert.equal(await cardsOn(page).count(), 1);

  relay.mend();
  await cardsOn(page).getByText("A-2", { exact: true }).waitFor();
  assert.equal(await cardsOn(page).count(), 2);
  await isLive(page);
});

scene("many tabs work beside each other, and one that was out of sight shows what arrived meanwhile", async ({ stack, visit }) => {
  const openid = await stack.login(0);
  await stack.sync();
  const page = await visit(stack.wechat);
  await putOutOfSight(page, true);
  // A browser has six connections to a server.
  for (let tabs = 1; tabs <= 6; tabs += 1) {
    const another = await page.context().newPage();
    await another.goto(stack.wechat);
    await isLive(another);
    await putOutOfSight(another, true);
  }
  const { id } = await stack.send(approval(openid));
  await until(async () => (await stack.status(id)).state === "delivered");
  assert.equal(await cardsOn(page).count(), 0);

  await putOutOfSight(page, false);
  await cardsOn(page).getByText("receipt taken").waitFor();
  await button(page, `Follow, user ${STRANGER}`).click();
  await rowOf(page, STRANGER).getByText("follows", { exact: true }).waitFor();
});
