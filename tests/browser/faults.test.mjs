// What goes wrong on demand, and what the simulator refuses, on its page.

import assert from "node:assert/strict";
import { startRelay } from "./relay.mjs";
import { button, nextFrame, scene } from "./scene.mjs";
import { startStack, until } from "./stack.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const inForceOn = (page) => page.getByRole("group", { name: "In force" });

/** @param {Page} page @param {string} name */
const isOn = async (page, name) => (await page.getByRole("switch", { name }).getAttribute("aria-checked")) === "true";

scene("a switch is on for as long as its fault is in force, over a reload too", async ({ stack, visit }) => {
  const page = await visit(stack.wechat);
  await page.getByRole("switch", { name: "Slow" }).click();
  await inForceOn(page).getByText("1500 ms slower").waitFor();
  await page.reload();
  await inForceOn(page).getByText("1500 ms slower").waitFor();
  await nextFrame(page);
  assert.ok(await isOn(page, "Slow"));

  await stack.liftAll();
  await inForceOn(page).getByText("No faults").waitFor();
  assert.equal(await isOn(page, "Slow"), false);
});

/** How somebody comes to see another run. @type {[string, (page: Page) => Promise<unknown>][]} */
const WAYS = [
  ["that begins before their eyes", (page) => page.getByText("Reconnecting").waitFor()],
  ["that they come back to", (page) => page.goto("about:blank")],
];

for (const [which, wait] of WAYS) {
  scene(`a switch is off in another run ${which}, where a fault has the same number`, async ({ stack, visit }) => {
    const relay = await startRelay(stack.wechat);
    const page = await visit(relay.url, { mayLog: /net::ERR_/ });
    await page.getByRole("switch", { name: "Slow" }).click();
    await inForceOn(page).getByText("1500 ms slower").waitFor();

    const another = await startStack();
    try {
      await another.order({ endpoint: "*", latency_ms: 70 });
      relay.cut();
      await wait(page);
      relay.leadTo(another.wechat);
      relay.mend();
      if (page.url() === "about:blank") await page.goto(relay.url);
      await inForceOn(page).getByText("70 ms slower").waitFor();
      await nextFrame(page);
      assert.equal(await isOn(page, "Slow"), false);

      await page.getByRole("switch", { name: "Slow" }).click();
      await inForceOn(page).getByText("1500 ms slower").waitFor();
      await inForceOn(page).getByText("70 ms slower").waitFor();
    } finally {
      await another.stop();
    }
  });
}

scene("a choice that the simulator refuses is not shown as made", async ({ stack, visit }) => {
  const page = await visit(stack.wechat, { mayLog: /400.*\/_sim\/console/ });
  await page.route("**/_sim/console", (route) => route.fulfill({ status: 400, json: { error: "Not today." } }));
  const whitelist = page.getByRole("form", { name: "IP whitelist" });
  await whitelist.getByRole("radio", { name: "All calls" }).click();
  await page.getByRole("alert").getByText("Not today.").waitFor();
  await nextFrame(page);
  assert.ok(await whitelist.getByRole("radio", { name: "Off" }).isChecked());
});

scene("all that goes wrong is lifted at once, and the switches are off", async ({ stack, visit }) => {
  const page = await visit(stack.wechat);
  for (const name of ["Slow", "Duplicate callbacks", "user/info lags"]) await page.getByRole("switch", { name }).click();
  await stack.change({ removed_templates: ["gone"], bound: false });
  for (const text of ["1500 ms slower", "lags by 5 s", "gone", "Official Account not bound to the Open Platform"]) {
    await inForceOn(page).getByText(text).waitFor();
  }
  await button(page, "Lift all").click();
  await inForceOn(page).getByText("No faults").waitFor();
  for (const name of ["Slow", "Duplicate callbacks", "user/info lags"]) assert.equal(await isOn(page, name), false, name);
});

scene("one limit of an endpoint is changed and the other stays", async ({ stack, visit }) => {
  const page = await visit(stack.wechat);
  const row = page.locator("[data-endpoint='/cgi-bin/message/template/send']");
  await stack.limit({ endpoint: "/cgi-bin/message/template/send", per_day: 70, per_minute: 7 });
  await row.getByText("0 / 70").first().waitFor();
  await page.getByText("Change a quota").click();
  const form = page.getByRole("form", { name: "Change a quota" });
  const [perDay, perMinute] = [form.getByLabel("Per day"), form.getByLabel("Per minute")];
  await form.getByLabel("Endpoint").selectOption("/cgi-bin/message/template/send");
  await nextFrame(page);
  assert.deepEqual([await perDay.inputValue(), await perMinute.inputValue()], ["70", "7"]);

  // What is typed for one endpoint is not for the next.
  await perDay.fill("71");
  await form.getByLabel("Endpoint").selectOption("/cgi-bin/user/get");
  await form.getByLabel("Endpoint").selectOption("/cgi-bin/message/template/send");
  await nextFrame(page);
  assert.equal(await perDay.inputValue(), "70");

  const posted = page.waitForRequest((request) => request.method() === "POST");
  await perMinute.fill("8");
  await button(form, "Save quota").click();
  assert.deepEqual((await posted).postDataJSON(), { endpoint: "/cgi-bin/message/template/send", per_minute: 8 });
  await row.getByText("0 / 8").first().waitFor();
  await row.getByText("0 / 70").first().waitFor();

  await perDay.fill("");
  await button(form, "Save quota").click();
  await until(async () => (await row.getByText("0 / 70").count()) === 0);
  await row.getByText("0 / 8").first().waitFor();
});
