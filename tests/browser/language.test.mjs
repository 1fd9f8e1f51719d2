// Both pages in both languages.

import assert from "node:assert/strict";
import { button, isLive, scene } from "./scene.mjs";

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
}
