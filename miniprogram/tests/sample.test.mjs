// The sample's approval from end to end: its pages, the client, the local stack.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { pickUp } from "./phone.mjs";
import { start } from "./program.mjs";
import { startStack, until } from "./stack.mjs";

/** @type {import("./stack.mjs").Stack} */
let stack;
const here = (/** @type {string} */ path) => fileURLToPath(new URL(`../sample/${path}`, import.meta.url));

before(async () => {
  stack = await startStack(here("notifications.toml"));
  await stack.sync();
});
after(() => stack?.stop());

/** The newest card on a user's phone, once there is one. @param {number} user */
const card = (user) => until(async () => (await stack.inbox(user))[0]);

/** Asks for an approval, until the program goes on to the next page or says that nobody is told. */
async function request(phone, link) {
  const program = start(phone, stack.gateway);
  const page = await program.open(link);
  await page.write(".applicant", "张三");
  await page.write(".content", "回家 & 探亲");
  await page.tap(".submit");
  await until(async () => program.url !== "" || page.text().includes("收不到"));
  return { program, page };
}

test("an approver who follows gets the card, and one who does not the subscribe message that they accepted", async () => {
  const [applicant, follower, other] = [20, 0, 21].map((user) => pickUp(stack.wechat, user));

  const invited = await (await start(follower, stack.gateway).open("pages/approve/approve")).share();
  await request(applicant, invited);
  assert.equal((await card(0)).channel, "template");

  const invitation = await start(other, stack.gateway).open("pages/approve/approve");
  const link = invitation.share();
  await invitation.tap(".receive");
  await invitation.shows("还可以收 1 条");
  const { program } = await request(applicant, link);
  const state = await program.open(program.url);
  await until(async () => {
    await state.tap(".refresh");
    return state.text().includes("已通知审批人");
  });

  const asked = await card(21);
  assert.equal(asked.channel, "subscribe");
  assert.equal(asked.data.thing1, "张三");
  const approval = await start(other, stack.gateway).open(asked.page);
  assert.match(approval.text(), /申请人张三.*事由回家&探亲/);
  await approval.tap(".approve");
  await approval.shows("已通过");

  const decided = await card(20);
  assert.equal(decided.channel, "subscribe");
  assert.equal(decided.data.phrase4, "已通过");
  const seen = await start(applicant, stack.gateway).open(decided.page);
  assert.match(seen.text(), /结果已通过/);
});

test("an approver whom nothing reaches is told to the applicant, who goes no further", async (t) => {
  t.mock.method(console, "warn", () => {});
  const [applicant, approver] = [22, 23].map((user) => pickUp(stack.wechat, user));
  const link = (await start(approver, stack.gateway).open("pages/approve/approve")).share();
  const { program, page } = await request(applicant, link);
  assert.match(page.text(), /对方现在收不到通知/);
  assert.equal(program.url, "");
});

test("without an invitation there is nobody to ask", async () => {
  const page = await start(pickUp(stack.wechat, 24), stack.gateway).open("pages/request/request");
  assert.match(page.text(), /我是审批人/);
});

test("every page that WeChat's tools or a card ask for is there", () => {
  const { pages } = JSON.parse(readFileSync(here("app.json"), "utf8"));
  const files = pages.flatMap((page) => ["js", "json", "wxml"].map((kind) => `${page}.${kind}`));
  assert.deepEqual(files.filter((file) => !existsSync(here(file))), []);
  const cards = [...readFileSync(here("notifications.toml"), "utf8").matchAll(/^page = "([^?"]+)/gm)];
  assert.deepEqual(cards.map(([, page]) => page).filter((page) => !pages.includes(page)), []);
});
