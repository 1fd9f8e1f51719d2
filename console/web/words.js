// The words of the simulator's page, and those that only this one needs.

import { wordsIn as shared } from "/_sim/ui/words.js";
import { en } from "./words/en.js";
import { zh } from "./words/zh.js";

/** @import { Language, Words as SharedWords } from "/_sim/ui/words.js" */
/** @typedef {SharedWords & typeof zh} Words */

/** @param {Language} language @returns {Words} */
export const wordsIn = (language) => ({ ...shared(language), ...(language === "zh" ? zh : en) });
