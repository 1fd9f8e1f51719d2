// What the pages must never do, whatever they are given.

import assert from "node:assert/strict";
import { button, cardsOn, linesOf, nextFrame, scene } from "./scene.mjs";
import { approval } from "./stack.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Each would be an element, or run, where a page took it for markup; and each fits into a field. */
const MARKUP = { applicant: "<img src=x>", kind: "<b>bold</b>", content: "<svg onload=alert()>", id: "<i>A-42</i>" };
const LONG_MARKUP = "<img src=x onerror=alert(1)>";

/** @param {string} address  The console's, as it was printed. */
const keyIn = (address) => new URL(address).hash.replace("#key=", "");

/** Nothing of the pages' own is any of these. @param {Page} page */
const elementsOfMarkup = (page) => page.locator("img, svg[onload], b:text-is('bold'), i, [onerror]").count();

scene("markup in a message is text on its card", async ({ stack, visit }) => {
  const openid = await stack.login(0);
  await stack.sync();
  const page = await visit(stack.wechat);
  await stack.send(approval(openid, MARKUP));
  await cardsOn(page).getByText("receipt taken").waitFor();
  assert.deepEqual(await linesOf(cardsOn(page)), [
    `申请人: ${MARKUP.applicant}`,
    `审批类型: ${MARKUP.kind}`,
    "提交时间: 2026-11-28 09:30",
    `申请内容: ${MARKUP.content}`,
    `单号: ${MARKUP.id}`,
  ]);
  assert.equal(await elementsOfMarkup(page), 0);
});

scene("markup in the console is text in the form, the dry run and the results", async ({ stack, visit }) => {
  await stack.login(0);
  await stack.sync();
  // There is no batch of that name, which the browser logs.
  const page = await visit(stack.console, { mayLog: /404.*\/api\/send\/%3Cimg/ });
  const form = page.getByRole("form", { name: "Send a notification" });
  for (const [name, value] of Object.entries({ ...MARKUP, submitted_at: "2026-11-28 09:30" })) {
    await form.locator(`[data-name=${name}]`).fill(value);
    await nextFrame(page);
  }

  await button(form, "Dry run").click();
  const call = page.getByRole("region", { name: "The last call" });
  await call.getByRole("article").waitFor();
  const shown = await linesOf(call.getByRole("article"));
  assert.deepEqual([shown[0], shown[3]], [`申请人: ${MARKUP.applicant}`, `申请内容: ${MARKUP.content}`]);

  await button(form, "Send").click();
  await page.getByRole("article", { name: /^batch / }).getByText("delivered", { exact: true }).waitFor();

  await page.getByRole("textbox", { name: "Batch to look up" }).fill(LONG_MARKUP);
  await page.keyboard.press("Enter");
  await page.getByRole("article", { name: `batch ${LONG_MARKUP}` }).getByText("There is no such batch").waitFor();
  assert.equal(await elementsOfMarkup(page), 0);
});

scene("a text that turns the writing round turns only itself", async ({ stack, visit }) => {
  await stack.login(0);
  await stack.sync();
  const page = await visit(stack.console, { locale: "zh-CN", mayLog: /400.*\/api\/send/ });
  const problem = { code: "invalid_request", detail: "The text `\u202eabc` is too long." };
  await page.route("**/api/send?*", (route) => route.fulfill({ status: 400, json: problem }));
  await button(page, "填入示例").click();
  await button(page.getByRole("form", { name: "发一条通知" }), "预演").click();
  const text = page.getByRole("region", { name: "刚才的调用" }).getByText("\u202eabc", { exact: true });
  const [end, next] = await text.evaluate((element) => {
    const range = document.createRange();
    const after = [...(element.parentElement?.childNodes ?? [])].filter((node) => node.textContent?.includes("too long"))[0];
    range.selectNode(after);
    return [element.getBoundingClientRect().right, range.getBoundingClientRect().left];
  });
  assert.ok(next >= end - 1, `what follows begins at ${next}, before its end at ${end}`);
});

scene("the service key never reaches the console's page", async ({ stack, visit }) => {
  /** What was received in full; the stream of events is not, but what it says is in the log, which is. */
  const received = /** @type {Promise<string>[]} */ ([]);
  const tellOf = async (/** @type {import("playwright-core").Request} */ request) => {
    const response = await request.response();
    return [request.url(), JSON.stringify(await response?.allHeaders()), await response?.text()].join(" ");
  };
  // A page that closes takes with it what came last.
  const watch = (/** @type {Page} */ page) => page.on("requestfinished", (request) => received.push(tellOf(request).catch(() => "")));
  const page = await visit(stack.console, { watch });
  for (const step of ["1 Log in user 0", "2 Sync followers", "3 Fill in an example", "4 Dry run", "5 Send"]) {
    await button(page, step).click();
    await button(page, `${step} (done)`).waitFor();
  }
  await page.getByText("Your first message was delivered").waitFor();

  const all = await Promise.all(received);
  for (const path of ["/ui/main.js", "/about", "/api/sync", "/api/send?dry_run=true", "/api/send", "/_sim/log"]) {
    assert.ok(all.some((one) => one.startsWith(new URL(path, stack.console).href)), `${path} was not looked at`);
  }
  const places = [...all, await page.content(), JSON.stringify(await page.context().storageState())];
  assert.deepEqual(places.filter((place) => place.includes(stack.serviceKey)), []);
});

for (const name of /** @type {const} */ (["wechat", "console"])) {
  scene(`a script that gets into the ${name} page does not run, and nobody frames the page`, async ({ stack, visit }) => {
    const page = await visit(stack[name], { mayLog: /Content Security Policy/ });
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.hasRun = true";
      document.body.append(script);
    });
    assert.equal(await page.evaluate(() => "hasRun" in window), false);

    const policy = (await fetch(stack[name])).headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]) {
      assert.ok(policy.split(/;\s*/).includes(rule), `${rule} is not in ${policy}`);
    }
  });
}

scene("a page of somebody else's cannot have the console send", async ({ stack, visit }) => {
  await visit(stack.console);
  const authorization = `Bearer ${keyIn(stack.console)}`;
  // The last is what another program of this machine serves.
  for (const origin of ["https://example.com", "null", "http://127.0.0.1:1"]) {
    const headers = { origin, authorization, "content-type": "text/plain" };
    const answer = await fetch(new URL("/api/sync", stack.console), { method: "POST", headers, body: "{}" });
    assert.equal(answer.status, 403, origin);
  }
});

scene("the console calls for whoever opened the printed address, and tells others to", async ({ stack, visit }) => {
  const { origin } = new URL(stack.console);
  const page = await visit(stack.console, { mayLog: /401.*\/api\// });
  await page.getByRole("form", { name: "Send a notification" }).getByLabel("单号 id").waitFor();
  assert.equal(page.url(), `${origin}/`, "the key is out of sight");
  await page.goto(`${origin}/`);
  await page.getByRole("form", { name: "Send a notification" }).getByLabel("单号 id").waitFor();

  // Another run's, in the same tab, and then this one's again.
  const refused = page.getByRole("alert").getByText("Open the address that queqiao local printed.");
  await page.goto(`${origin}/#key=made-up`);
  await refused.waitFor();
  await page.goto(stack.console);
  await page.getByRole("form", { name: "Send a notification" }).getByLabel("单号 id").waitFor();
  assert.equal(await refused.count(), 0);

  const stranger = await visit(origin, { locale: "zh-CN", mayLog: /401.*\/api\// });
  await stranger.getByRole("alert").getByText("请打开 queqiao local 打印的地址。").waitFor();
});
