// Puts the page together: the parts know nothing of each other, nor of the document.

import { createActions } from "./actions.js";
import { createApi } from "./api.js";
import { calls } from "./calls.js";
import { createFaultActions } from "./fault-actions.js";
import { faults } from "./faults.js";
import { openFeed } from "./feed.js";
import { header, problem } from "./header.js";
import { log } from "./log.js";
import { keepOrders } from "./ordered.js";
import { createShow, keepTime, showPhone } from "./page.js";
import { createReads } from "./read.js";
import { initialState } from "./state.js";
import { createStore } from "./store.js";
import { preferredLanguage, wordsIn } from "./words.js";

const api = createApi();
const store = createStore(initialState(preferredLanguage()));
const reads = createReads(api, store);
const act = createActions(api, store, reads);
const actOnFaults = createFaultActions(api, store, act.trying);

keepOrders(store);
const show = createShow(store, wordsIn);
show("top", ["connection", "stats", "now"], (state, words) => header(state, words, act));
show("problem", ["problem"], (state, words) => problem(state, words, act));
showPhone(show, act);
// A choice that was refused is drawn as it was before.
show("faults", ["faults", "console", "ordered", "openFaults", "rotated", "quota", "stats", "problem"], (state, words) => faults(state, words, actOnFaults));
show("calls", ["stats", "quota", "limited"], (state, words) => calls(state, words, act));
show("log", ["log", "pausedLog", "hiddenKinds"], (state, words) => log(state, words, act));

keepTime(store);
openFeed(store, reads);
