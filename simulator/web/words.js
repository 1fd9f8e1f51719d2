import { en } from "./words/en.js";
import { zh } from "./words/zh.js";

/** @typedef {typeof zh} Words  Chinese comes first; English has the same keys. */
/** @typedef {"zh" | "en"} Language */

const KEY = "wechat-simulator.language";

/** @param {Language} language @returns {Words} */
export const wordsIn = (language) => (language === "zh" ? zh : en);

/** The language chosen before, or else the browser's. @returns {Language} */
export function preferredLanguage() {
  const stored = remembered();
  if (stored === "zh" || stored === "en") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** @param {Language} language */
export function rememberLanguage(language) {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
