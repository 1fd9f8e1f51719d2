// Takes the pictures of the README from a stack of its own: docs/images/*.png.
//
//   cd tests/browser && npm run screenshots

import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { approval, startStack, until } from "./stack.mjs";

const IMAGES = fileURLToPath(new URL("../../docs/images/", import.meta.url));
/** Modest, so that their pixels are a small file. */
const LAPTOP = { width: 1120, height: 720 };
const CONSOLE = { viewport: { width: 1120, height: 660 }, deviceScaleFactor: 1.75 };

/** Does not follow, and accepts a message of the mini-program's. */
const STRANGER = 4;
const APPROVALS = "mS7kQ2vXz5Rb9LpWc3YhNt6sJ8dGa1UoEi4Kf0-BxTg";

/**
 * What was sent before anybody looks: an approval, an order, and a message of the mini-program's.
 *
 * @param {import("./stack.mjs").Stack} stack
 */
async function fill(stack) {
  const [wang, chen, stranger] = [await stack.login(0), await stack.login(1), await stack.login(STRANGER)];
  await stack.sync();
  await stack.tap(STRANGER, "accept-message", { template_id: APPROVALS });
  const order = {
    notification: "order_shipped",
    to: [{ openid: chen }],
    data: {
      goods: "云南小粒咖啡豆",
      total_fen: 12800,
      shipped_at: "2026-11-28 09:12",
      courier: "顺丰速运",
      tracking_number: "SF1420387765501",
      order: "QJ-20261128-07",
    },
  };
  const sent = [
    approval(stranger, { applicant: "陈晓", kind: "差旅报销", submitted_at: "2026-11-28 08:47", content: "上海出差三天", id: "B-118" }),
    order,
    approval(wang),
  ];
  // One after the other, as they are to lie on the phone.
  for (const message of sent) {
    const { id } = await stack.send(message);
    await until(async () => ["delivered", "sent"].includes((await stack.status(id)).state));
  }
}

const stack = await startStack();
const browser = await launch();

/** @param {string} url @param {import("playwright-core").BrowserContextOptions} [options] */
async function open(url, options) {
  const usual = { viewport: LAPTOP, locale: "en-US", deviceScaleFactor: 2, reducedMotion: /** @type {const} */ ("reduce") };
  const context = await browser.newContext({ ...usual, ...options });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator("[data-connection=live]").waitFor();
  return page;
}

/** @param {import("playwright-core").Page} page @param {string} name */
async function take(page, name) {
  // Nothing is still moving, no card is new any more, and nothing is pointed at.
  await page.mouse.move(0, 0);
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
  await page.screenshot({ path: `${IMAGES}${name}.png` });
  await page.context().close();
}

try {
  const console = await open(stack.console, CONSOLE);
  for (const name of ["Log in user\u00a00", "Sync followers", "Fill in an example", "Dry run"]) {
    await console.locator("[aria-current=step]", { hasText: name }).click();
    await console.getByRole("button", { name: `${name} (done)` }).waitFor();
  }
  // Two users more, of whom one gets nothing.
  for (const user of [1, STRANGER]) {
    await stack.login(user);
    await console.getByRole("checkbox", { name: `User ${user}` }).check();
  }
  await console.locator("[aria-current=step]").click();
  await console.getByText("delivered 2", { exact: true }).waitFor();
  await console.getByRole("heading", { name: "Your first message" }).evaluate((heading) => heading.closest(".pane")?.scrollTo(0, 0));
  await take(console, "console");

  await fill(stack);
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await open(stack.wechat, { colorScheme });
    await page.locator(".message").nth(4).waitFor();
    await take(page, `inbox-${colorScheme}`);
  }
  const narrow = await open(stack.wechat, { viewport: { width: 390, height: 780 }, locale: "zh-CN" });
  await narrow.locator(".message").nth(4).waitFor();
  await take(narrow, "inbox-narrow");
} finally {
  await browser.close();
  await stack.stop();
}
