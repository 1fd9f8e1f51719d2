// Puts the page together: the parts know nothing of each other, nor of the document.

import { createActions } from "./actions.js";
import { createApi } from "./api.js";
import { calls } from "./calls.js";
import { createFaultActions } from "./fault-actions.js";
import { faults } from "./faults.js";
import { openFeed } from "./feed.js";
import { header, problem } from "./header.js";
import { log } from "./log.js";
import { rememberedOrders, rememberOrders } from "./ordered.js";
import { phone } from "./phone.js";
import { createReads } from "./read.js";
import { initialState } from "./state.js";
import { createStore, mount } from "./store.js";
import { dateOf, minuteOf } from "./time.js";
import { users } from "./users.js";
import { preferredLanguage, wordsIn } from "./words.js";

/** @import { State } from "./state.js" */

const api = createApi();
const store = createStore({ ...initialState(preferredLanguage()), ordered: rememberedOrders() });
const reads = createReads(api, store);
const act = createActions(api, store, reads);
const actOnFaults = createFaultActions(api, store, act.trying);

/** @param {string} id @param {(keyof State)[]} parts @param {(state: State, words: import("./words.js").Words) => unknown} view */
const show = (id, parts, view) => {
  const root = /** @type {HTMLElement} */ (document.getElementById(id));
  mount(root, store, ["language", ...parts], (state) => view(state, wordsIn(state.language)));
};

show("top", ["connection", "stats", "now"], (state, words) => header(state, words, act));
show("problem", ["problem"], (state, words) => problem(state, words, act));
show("inbox", ["messages", "shown", "kept", "users", "announcement", "minute"], (state, words) =>
  phone(
    {
      ...state,
      words,
      minute: minuteOf(state.now),
      today: dateOf(state.now),
      hasMore: state.messages.length >= state.kept,
      users: state.users.map(({ user }) => user),
    },
    act,
  ),
);
show("users", ["users", "added", "notes", "templates", "templateToAllow"], (state, words) => users({ ...state, words }, act));
show("faults", ["faults", "console", "ordered", "openFaults", "rotated", "quota", "stats"], (state, words) => faults(state, words, actOnFaults));
show("calls", ["stats", "quota"], (state, words) => calls(state, words, act));
show("log", ["log", "pausedLog", "hiddenKinds"], (state, words) => log(state, words, act));

let { ordered } = store.state;
store.watch(() => {
  document.documentElement.lang = wordsIn(store.state.language).tag;
  if (ordered === store.state.ordered) return;
  ({ ordered } = store.state);
  rememberOrders(ordered);
});

function tick() {
  const now = Date.now() / 1000 + store.state.ahead;
  store.set({ now, minute: `${dateOf(now)} ${minuteOf(now)}` });
}
tick();
setInterval(tick, 1000);

openFeed(store, reads);
