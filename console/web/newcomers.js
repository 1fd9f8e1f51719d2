import { loggedInOf } from "./state.js";

/** @import { Store } from "/_sim/ui/store.js" */
/** @import { State } from "./state.js" */

/**
 * Ticks whoever just logged in. Of those who were logged in before the page was opened, the first one, unless
 * somebody's choice is remembered.
 *
 * @param {Store<State>} store
 * @param {(openid: string, isTicked: boolean) => void} tick
 */
export function tickNewcomers(store, tick) {
  /** @type {string[] | null} */
  let known = null;
  let { users } = store.state;
  store.watch(() => {
    if (users === store.state.users) return;
    ({ users } = store.state);
    const loggedIn = loggedInOf(store.state).map(({ mini_openid }) => mini_openid);
    const isFirst = known === null;
    const newcomers = loggedIn.filter((id) => !known?.includes(id));
    known = loggedIn;
    if (!isFirst) for (const id of newcomers) tick(id, true);
    else if (newcomers.length > 0 && !newcomers.some((id) => store.state.draft.ticked.includes(id))) tick(newcomers[0], true);
  });
}
