// All that the page knows, in one object that is replaced and never changed in place.

import { render } from "./vendor/lit-html.js";

/**
 * @template {object} S
 * @typedef {object} Store
 * @property {S} state
 * @property {(patch: Partial<S>) => void} set
 * @property {(watcher: () => void) => void} watch
 */

/**
 * @template {object} S
 * @param {S} initial
 * @returns {Store<S>}
 */
export function createStore(initial) {
  let state = initial;
  let isScheduled = false;
  const watchers = new Set();

  const tellAll = () => {
    isScheduled = false;
    for (const watcher of watchers) watcher();
  };

  return {
    get state() {
      return state;
    },
    set(patch) {
      state = { ...state, ...patch };
      // A burst of events is one frame's work.
      if (!isScheduled) requestAnimationFrame(tellAll);
      isScheduled = true;
    },
    watch(watcher) {
      watchers.add(watcher);
    },
  };
}

/**
 * Keeps a root showing a view of the state, and draws it again only when one of the named parts was replaced.
 *
 * @template {object} S
 * @param {HTMLElement} root
 * @param {Store<S>} store
 * @param {(keyof S)[]} parts
 * @param {(state: S) => unknown} view
 */
export function mount(root, store, parts, view) {
  /** @type {unknown[]} */
  let drawn = [];
  const draw = () => {
    const now = parts.map((part) => store.state[part]);
    if (drawn.length > 0 && now.every((value, index) => value === drawn[index])) return;
    drawn = now;
    render(view(store.state), root);
  };
  store.watch(draw);
  draw();
}
