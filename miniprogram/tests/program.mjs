// The sample on a phone: its pages rendered by miniprogram-simulate, and tapped.

import { createRequire } from "node:module";
import { sep } from "node:path";
import { fileURLToPath } from "node:url";

import "./dom.mjs";
import { until } from "./stack.mjs";

const require = createRequire(import.meta.url);
const simulate = require("miniprogram-simulate");
const ROOT = fileURLToPath(new URL("../sample/", import.meta.url));

// A page is a component whose functions are its methods; the simulation knows components alone.
globalThis.Page = ({ data, ...methods }) => globalThis.Component({ data, methods });

/** Starts the sample on a phone; only the one started last runs. @param {import("./phone.mjs").Phone} phone @param {string} baseUrl */
export function start(phone, baseUrl) {
  for (const file of Object.keys(require.cache)) if (file.startsWith(ROOT)) delete require.cache[file];
  require(`${ROOT}config.js`).baseUrl = baseUrl;
  const program = {
    /** Where it went last. */
    url: "",
    open: (/** @type {string} */ url) => open(phone, url),
  };
  globalThis.wx = { ...phone.wx, navigateTo: ({ url }) => (program.url = url) };
  return program;
}

/** @param {import("./phone.mjs").Phone} phone @param {string} url As a card or a link names it, its values escaped. */
async function open(phone, url) {
  const [path, query = ""] = url.replace(/^\//, "").split("?");
  const page = simulate.render(simulate.load(ROOT + path.replaceAll("/", sep), "page", { compiler: "simulate", rootPath: ROOT }));
  page.attach(document.createElement("div"));
  await page.instance.onLoad(Object.fromEntries(query.split("&").filter(Boolean).map((pair) => pair.split("="))));

  return {
    share: () => page.instance.onShareAppMessage().path,

    /** What stands there, spaces left out. */
    text: () => page.dom.textContent.replaceAll(/\s/g, ""),

    /** Waits until `text` stands there. @param {string} text */
    shows: (text) => until(async () => page.dom.textContent.includes(text)),

    async tap(selector) {
      phone.isInTap = true;
      page.querySelector(selector).dispatchEvent("tap");
      // The handler begins with the next turn, and has begun when this goes on.
      await null;
      phone.isInTap = false;
    },

    async write(selector, value) {
      page.querySelector(selector).dispatchEvent("input", { detail: { value } });
      await null;
    },
  };
}
