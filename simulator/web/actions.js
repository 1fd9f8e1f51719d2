// What a person does on the page. Whatever the simulator refuses is said on the page, in its words.

import { Refused } from "./api.js";
import { PORTION } from "./state.js";
import { rememberLanguage } from "./words.js";

/** @import { Api } from "./api.js" */
/** @import { Reads } from "./read.js" */
/** @import { State } from "./state.js" */
/** @import { Store } from "./store.js" */
/** @import { Note, User } from "./types.js" */

/**
 * @param {Api} api
 * @param {Store<State>} store
 * @param {Reads} reads
 */
export function createActions(api, store, reads) {
  /**
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T | null>}
   */
  async function trying(task) {
    try {
      const answer = await task();
      store.set({ problem: null });
      return answer;
    } catch (error) {
      store.set({ problem: { said: error instanceof Refused ? error.message : null } });
      return null;
    }
  }

  /** @param {User} user */
  const replace = (user) =>
    store.set({ users: store.state.users.map((listed) => (listed.user === user.user ? { ...listed, ...user } : listed)) });

  /** @param {number} user @param {string} action @param {object} [body] */
  const onUser = (user, action, body) =>
    trying(async () => {
      const answer = await api.post(`/_sim/users/${user}/${action}`, body);
      replace(answer);
      return answer;
    });

  /** @param {number} user @param {Note | undefined} note */
  const noteOf = (user, note) => {
    const { [user]: _, ...others } = store.state.notes;
    store.set({ notes: note ? { ...others, [user]: note } : others });
  };

  return {
    trying,
    dismissProblem: () => store.set({ problem: null }),

    /** @param {import("./words.js").Language} language */
    speak(language) {
      rememberLanguage(language);
      store.set({ language });
    },
    /** @param {number} seconds */
    advance: (seconds) =>
      trying(async () => {
        const { now } = await api.post("/_sim/clock", { advance: seconds });
        store.set({ ahead: now - Date.now() / 1000 });
      }),
    reset: () =>
      trying(async () => {
        await api.post("/_sim/reset");
        store.set({ notes: {}, ordered: {} });
        await reads.everything();
      }),

    /** @param {number | null} user */
    showUser(user) {
      // What is known already stays on the screen, and the focus where it is.
      const messages = store.state.messages.filter((message) => user === null || message.user === user);
      store.set({ shown: { user, from: null }, messages, kept: PORTION });
      return reads.messages();
    },
    /** @param {string | null} from */
    showFrom: (from) => store.set({ shown: { ...store.state.shown, from } }),
    async keepMore() {
      store.set({ kept: store.state.kept + PORTION });
      await reads.messages();
      return store.state.messages;
    },
    clearMessages: () =>
      trying(async () => {
        await api.remove("/_sim/messages");
        await reads.messages();
      }),

    onUser,
    /** @param {number} user */
    async login(user) {
      const answer = await onUser(user, "login");
      if (answer) noteOf(user, { kind: "login", code: answer.code, backend: answer.backend });
    },
    /** @param {number} user @param {string} template */
    async giveCredit(user, template) {
      const answer = await onUser(user, "accept-message", { template_id: template });
      if (answer) noteOf(user, { kind: "credit", result: answer.result, backend: answer.backend });
    },
    /** @param {number} user */
    dismissNote: (user) => noteOf(user, undefined),
    /** @param {string} template */
    allow: (template) => store.set({ templateToAllow: template }),
    /** @param {string} id  A number, or any of the user's ids */
    addUser: (id) =>
      trying(async () => {
        const user = await api.get(`/_sim/users/${encodeURIComponent(id)}`);
        const { users, added } = store.state;
        if (!users.some((listed) => listed.user === user.user)) {
          store.set({ users: [...users, user], added: [...added, user.user] });
        }
        return user.user;
      }),
    /** @param {number} user */
    hideUser(user) {
      const isOther = (/** @type {number} */ other) => other !== user;
      store.set({ users: store.state.users.filter((listed) => isOther(listed.user)), added: store.state.added.filter(isOther) });
    },

    /** Begins to change the quota of another endpoint. @param {string} endpoint */
    chooseLimited: (endpoint) => store.set({ limited: endpoint }),
    /** @param {{ endpoint: string, per_day?: number | null, per_minute?: number | null }} change  Null lifts a limit. */
    limit: (change) =>
      trying(async () => {
        const limits = await api.post("/_sim/quota", change);
        const { quota } = store.state;
        store.set({ quota: quota.map((row) => (row.endpoint === limits.endpoint ? { ...row, ...limits } : row)) });
        return limits;
      }),

    /** @param {string} kind */
    toggleKind(kind) {
      const hidden = store.state.hiddenKinds;
      store.set({ hiddenKinds: hidden.includes(kind) ? hidden.filter((other) => other !== kind) : [...hidden, kind] });
    },
    pauseLog: () => store.set({ pausedLog: store.state.pausedLog ? null : store.state.log }),
  };
}

/** @typedef {ReturnType<typeof createActions>} Actions */
