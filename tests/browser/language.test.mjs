// Both pages in both languages.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { button, isLive, scene } from "./scene.mjs";
import { approval } from "./stack.mjs";

/** What a page says in each, and where its words are. */
const PAGES = /** @type {const} */ ([
  { name: "wechat", words: "/_sim/ui/words", zh: "还没有消息", en: "No messages yet" },
  { name: "console", words: "/ui/words", zh: "五步发出第一条消息", en: "Your first message in five steps" },
]);

for (const { name, words, zh, en } of PAGES) {
  scene(`the ${name} page speaks the browser's language, and another one once it is chosen`, async ({ stack, visit }) => {
    const page = await visit(stack[name], { locale: "zh-CN" });
    await page.getByText(zh).waitFor();
    assert.equal(await page.getAttribute("html", "lang"), "zh-CN");

    await button(page, "English").click();
    await page.getByText(en).waitFor();
    await page.reload();
    await isLive(page);
    await page.getByText(en).waitFor();
    assert.equal(await page.getAttribute("html", "lang"), "en");
    assert.equal(await page.getByText(zh).count(), 0);

    await button(page, "中文").click();
    await page.getByText(zh).waitFor();
  });

  scene(`every word of the ${name} page is there in both languages`, async ({ stack, visit }) => {
    const page = await visit(stack[name]);
    const [inZh, inEn] = await page.evaluate(async (from) => {
      /** @type {(words: object, place?: string) => string[]} */
      const keysOf = (all, place = "") =>
        Object.entries(all).flatMap(([key, one]) => (one && typeof one === "object" ? keysOf(one, `${place}${key}.`) : `${place}${key}`));
      const [{ zh }, { en }] = await Promise.all([import(`${from}/zh.js`), import(`${from}/en.js`)]);
      return [keysOf(zh).sort(), keysOf(en).sort()];
    }, words);
    assert.ok(inZh.length > 50);
    assert.deepEqual(inEn, inZh);
  });

  scene(`no Chinese is left in the English words of the ${name} page`, async ({ stack, visit }) => {
    const page = await visit(stack[name]);
    const said = await page.evaluate(async (from) => {
      /** @type {(words: object) => string[]} */
      const textsOf = (all) => Object.values(all).flatMap((one) => (one && typeof one === "object" ? textsOf(one) : String(one)));
      const { en } = await import(`${from}/en.js`);
      return textsOf(en);
    }, words);
    const own = said.filter((one) => /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u.test(one));
    // What the button that leads back is called.
    assert.deepEqual(own, name === "wechat" ? ["中文"] : []);
  });
}

scene("what is not in the language of the page says in which it is", async ({ stack, visit }) => {
  const openid = await stack.login(0);
  await stack.sync();
  await stack.send(approval(openid));
  const [inEn, inZh] = await Promise.all(["en-US", "zh-CN"].map((locale) => visit(stack.wechat, { locale, mayLog: /404.*\/_sim\/users/ })));
  for (const text of ["审批提交通知", "申请人", "张三"]) {
    assert.equal(await inEn.getByText(text, { exact: true }).first().evaluate(languageOf), "zh-CN", text);
  }
  await inZh.getByRole("textbox", { name: "要添加的用户" }).fill("nobody");
  await inZh.keyboard.press("Enter");
  const refused = inZh.getByRole("alert").locator("[lang]");
  await refused.waitFor();
  assert.match(await refused.innerText(), /^[A-Z][ -~]+\.$/);
  assert.equal(await refused.evaluate(languageOf), "en");

  // The gateway's too, where the page has no words of its own.
  const console = await visit(stack.console, { locale: "zh-CN", mayLog: /400.*\/api\/send/ });
  await console.route("**/api/send?*", (route) => route.fulfill({ status: 400, json: { code: "of_tomorrow", detail: "Not today." } }));
  await button(console, "填入示例").click();
  await button(console.getByRole("form", { name: "发一条通知" }), "预演").click();
  const said = console.getByRole("region", { name: "刚才的调用" }).getByText("Not today.");
  assert.equal(await said.evaluate(languageOf), "en");
});

/** @param {Element} element */
const languageOf = (element) => /** @type {HTMLElement} */ (element.closest("[lang]")).lang;

/** The words of one of the contract's enumerations. @param {string} name */
async function wordsOf(name) {
  const contract = await readFile(new URL("../../openapi.yaml", import.meta.url), "utf8");
  const [, schema] = contract.split(`\n    ${name}:\n`);
  const [own] = schema.split(/\n    \w/);
  return [...own.matchAll(/- const: (\w+)/g)].map(([, word]) => word).sort();
}

scene("for everything that the gateway tells there is a word, and what to do, in Chinese", async ({ stack, visit }) => {
  const page = await visit(stack.console);
  const known = await page.evaluate(async () => {
    const [{ zh }, { remedies }, { problems }] = await Promise.all(["zh", "remedies-zh", "problems-zh"].map((name) => import(`/ui/words/${name}.js`)));
    const all = { reasons: zh.reasons, misfits: zh.misfits, remedies, problems };
    return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, Object.keys(one).sort()]));
  });
  const [reasons, misfits, codes] = await Promise.all(["Reason", "Misfit", "Code"].map(wordsOf));
  assert.ok(reasons.includes("never_logged_in") && misfits.length > 0 && codes.length > 0);
  assert.deepEqual(known, { reasons, misfits, remedies: [...reasons, ...misfits].sort(), problems: codes });
});

scene("what to do stands on the console in the language of the page, with what the gateway names in it", async ({ stack, visit }) => {
  const [follower, stranger] = [await stack.login(0), await stack.login(4)];
  await stack.sync();
  await stack.change({ whitelist: "all" });
  const { id } = await stack.send(approval(follower));
  // There is no batch of that name, which the browser logs.
  const page = await visit(stack.console, { locale: "zh-CN", mayLog: /404.*\/api\/send\/none/ });
  const toLookUp = page.getByRole("textbox", { name: "要查看的批次" });
  await toLookUp.fill("none");
  await page.keyboard.press("Enter");
  await page.getByText("找不到，或者它不属于调用方。").waitFor();
  await toLookUp.fill(id);
  await page.keyboard.press("Enter");
  const batch = page.getByRole("article", { name: `批次 ${id}` });
  await batch.getByText("把 IP 127.0.0.1 加进这个账号的 IP 白名单").waitFor();

  await page.getByLabel("其他 openid").fill(stranger);
  await button(page, "填入示例").click();
  const form = page.getByRole("form", { name: "发一条通知" });
  await button(form, "预演").click();
  const call = page.getByRole("region", { name: "刚才的调用" });
  await call.getByText("请用户关注公众号，或在小程序里授权一次").waitFor();

  await button(page, "English").click();
  await page.getByText("add the IP 127.0.0.1 to the account's whitelist").waitFor();
  await page.getByText("Have the user follow the Official Account").waitFor();
  await page.getByText("There is no such batch, or it is not yours.").waitFor();
});

scene("what the gateway names is named in Chinese too, and what is not understood stays as it is", async ({ stack, visit }) => {
  const page = await visit(stack.console);
  const said = await page.evaluate(async () => {
    const { remedyOf } = await import("/ui/words/remedies-zh.js");
    /** @type {[string, { reason: string, errcode?: number }][]} */
    const told = [
      ["Take it out, or name a field of the template instead: thing1, time2. WeChat does not show others.", { reason: "unknown_field" }],
      ["Fill the template's field thing2 (审批类型): WeChat refuses a message that leaves one empty.", { reason: "empty_field" }],
      ["Name one of the values approved for enum_string4: 快递, 自提, and 3 more.", { reason: "not_approved" }],
      ["errcode 48001, not allowed. Look it up.", { reason: "misconfigured", errcode: 48001 }],
      ["errcode 50007, account frozen. Look it up.", { reason: "misconfigured", errcode: 50007 }],
      ["Another sentence.", { reason: "not_approved" }],
      ["Another reason.", { reason: "of_tomorrow" }],
    ];
    return told.map(([sentence, of]) => remedyOf(sentence, of));
  });
  assert.deepEqual(said, [
    "去掉它，或换成模板里有的字段：thing1, time2。别的字段微信不显示。",
    "填上模板的字段 thing2 (审批类型)：有字段空着，微信就不收这条消息。",
    "换成审核通过的值之一：快递, 自提，另有 3 个。",
    "接口未授权：在 docs/errors.md 里查这个错误码，改正账号的设置。",
    "errcode 50007, account frozen. Look it up.",
    "Another sentence.",
    "Another reason.",
  ]);
});
