// What the simulator's page and the console have in common: each of their parts in its place, in the language that was
// chosen, by the simulated clock.

import { phone } from "./phone.js";
import { mount } from "./store.js";
import { dateOf, minuteOf } from "./time.js";
import { users } from "./users.js";

/** @import { PhoneActions } from "./phone.js" */
/** @import { State } from "./state.js" */
/** @import { Store } from "./store.js" */
/** @import { UsersActions } from "./users.js" */
/** @import { Language, Words } from "./words.js" */

/**
 * @template {State} S
 * @template {Words} W
 * @typedef {(id: string, parts: (keyof S)[], view: (state: S, words: W) => unknown) => void} Show
 *   Keeps the element of this id showing a view of these parts of the state.
 */

/**
 * @template {State} S
 * @template {Words} W
 * @param {Store<S>} store
 * @param {(language: Language) => W} wordsIn
 * @returns {Show<S, W>}
 */
export function createShow(store, wordsIn) {
  store.watch(() => {
    document.documentElement.lang = wordsIn(store.state.language).tag;
  });
  return (id, parts, view) => {
    const root = /** @type {HTMLElement} */ (document.getElementById(id));
    mount(root, store, ["language", ...parts], (state) => view(state, wordsIn(state.language)));
  };
}

/**
 * The phone in `#inbox`, and in `#users` those who have one.
 *
 * @template {State} S
 * @template {Words} W
 * @param {Show<S, W>} show
 * @param {PhoneActions & UsersActions} act
 */
export function showPhone(show, act) {
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
}

/** Lets the simulated time pass on the page. @param {Store<State>} store */
export function keepTime(store) {
  const tick = () => {
    const now = Date.now() / 1000 + store.state.ahead;
    store.set({ now, minute: `${dateOf(now)} ${minuteOf(now)}` });
  };
  tick();
  setInterval(tick, 1000);
}
