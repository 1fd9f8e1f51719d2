import { afterEntry } from "./entries.js";
import { soon } from "./soon.js";

/** @import { Api } from "./api.js" */
/** @import { State } from "./state.js" */
/** @import { Store } from "./store.js" */
/** @import { Entry } from "./types.js" */

const FIRST_USERS = 8;
const PAUSE = 1000;

/**
 * Reads the parts of the simulator's state into the store. While the simulator cannot be reached, what was read
 * before stays: the feed says so, and has everything read again when it is back.
 *
 * @param {Api} api
 * @param {Store<State>} store
 * @param {string[]} [shown]  The parts that the page shows, if it does not show all: no other is read.
 */
export function createReads(api, store, shown) {
  /** @param {keyof State} part @param {string} path */
  const into = (part, path) => async () => store.set({ [part]: await api.get(path) });

  /** By part, what happened since it was asked for: the answer may be older than that. @type {Map<string, Entry[]>} */
  const meanwhile = new Map();
  /**
   * A part that every entry of the log may change.
   *
   * @param {"messages" | "log"} part
   * @param {() => string} path
   */
  const caughtUp = (part, path) => async () => {
    /** @type {Entry[]} */
    const news = [];
    meanwhile.set(part, news);
    // Once it was asked for again, only that answer counts.
    const isLast = () => meanwhile.get(part) === news;
    try {
      const answer = await api.get(path());
      if (!isLast()) return;
      store.set({ [part]: answer });
      for (const entry of news) store.set(afterEntry(store.state, entry));
    } finally {
      if (isLast()) meanwhile.delete(part);
    }
  };

  /** Those that are shown, as many as are kept. */
  const pathOfMessages = () => {
    const { shown, kept } = store.state;
    return `/_sim/messages?${shown.user === null ? "" : `user=${shown.user}&`}n=${kept}`;
  };

  const parts = {
    templates: into("templates", "/_sim/templates"),
    faults: into("faults", "/_sim/faults"),
    console: into("console", "/_sim/console"),
    stats: into("stats", "/_sim/stats"),
    quota: into("quota", "/_sim/quota"),
    log: caughtUp("log", () => "/_sim/log?n=200"),
    messages: caughtUp("messages", pathOfMessages),

    async clock() {
      const { now } = await api.get("/_sim/clock");
      store.set({ ahead: now - Date.now() / 1000 });
    },

    async users() {
      const added = store.state.added.map((user) => api.get(`/_sim/users/${user}`));
      const [first, ...others] = await Promise.all([api.get(`/_sim/users?from=0&n=${FIRST_USERS}`), ...added]);
      const isListed = (/** @type {number} */ user) => store.state.added.includes(user);
      store.set({ users: [...first, ...others.filter(({ user }) => isListed(user))] });
    },
  };

  const isShown = (/** @type {string} */ part) => shown?.includes(part) ?? true;
  /** @param {keyof typeof parts} part */
  const quietly = async (part) => {
    if (isShown(part)) await parts[part]().catch(() => {});
  };
  /** @param {keyof typeof parts} part */
  const often = (part) => soon(() => quietly(part), PAUSE);

  return {
    /** What happened just now. @param {Entry} entry */
    hear(entry) {
      store.set(afterEntry(store.state, entry));
      for (const news of meanwhile.values()) news.push(entry);
    },
    everything: () => Promise.all(/** @type {(keyof typeof parts)[]} */ (Object.keys(parts)).map(quietly)),
    messages: () => quietly("messages"),
    templates: often("templates"),
    users: often("users"),
    faults: often("faults"),
    console: often("console"),
    clock: often("clock"),
    stats: often("stats"),
    quota: often("quota"),
  };
}

/** @typedef {ReturnType<typeof createReads>} Reads */
