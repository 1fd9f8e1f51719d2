import { soon } from "./soon.js";

/** @import { Api } from "./api.js" */
/** @import { State } from "./state.js" */
/** @import { Store } from "./store.js" */

const FIRST_USERS = 8;
const PAUSE = 1000;

/**
 * Reads the parts of the simulator's state into the store. While the simulator cannot be reached, what was read
 * before stays: the feed says so, and has everything read again when it is back.
 *
 * @param {Api} api
 * @param {Store<State>} store
 */
export function createReads(api, store) {
  /** @param {keyof State} part @param {string} path */
  const into = (part, path) => async () => store.set({ [part]: await api.get(path) });

  const parts = {
    templates: into("templates", "/_sim/templates"),
    faults: into("faults", "/_sim/faults"),
    console: into("console", "/_sim/console"),
    stats: into("stats", "/_sim/stats"),
    quota: into("quota", "/_sim/quota"),
    log: into("log", "/_sim/log?n=200"),

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

    async messages() {
      const { shown, kept } = store.state;
      const whose = shown.user === null ? "" : `user=${shown.user}&`;
      const messages = await api.get(`/_sim/messages?${whose}n=${kept}`);
      // Somebody else's messages may have been asked for meanwhile.
      if (store.state.shown.user === shown.user) store.set({ messages });
    },
  };

  /** @param {() => Promise<unknown>} part */
  const quietly = (part) => part().catch(() => {});
  /** @param {() => Promise<unknown>} part */
  const often = (part) => soon(() => quietly(part), PAUSE);

  return {
    everything: () => Promise.all(Object.values(parts).map(quietly)),
    messages: () => quietly(parts.messages),
    users: often(parts.users),
    faults: often(parts.faults),
    console: often(parts.console),
    clock: often(parts.clock),
    stats: often(parts.stats),
    quota: often(parts.quota),
  };
}

/** @typedef {ReturnType<typeof createReads>} Reads */
