// The simulator's events, as they happen, into the store.

import { soon } from "./soon.js";

/** @import { Reads } from "./read.js" */
/** @import { State } from "./state.js" */
/** @import { Store } from "./store.js" */
/** @import { Entry, Message } from "./types.js" */

const KINDS = ["call", "message", "callback", "control"];
const RETRY = 3000;
const BREATH = 1000;

/** @typedef {Exclude<keyof Reads, "hear">} Part */

/** Which reads a control route makes stale, by how its path begins. @type {[string, Part[]][]} */
const STALE = [
  ["/_sim/faults", ["faults"]],
  ["/_sim/followers/faults", ["faults"]],
  ["/_sim/callback/faults", ["faults"]],
  ["/_sim/mini/callback/faults", ["faults"]],
  ["/_sim/console", ["console", "templates", "users"]],
  ["/_sim/quota", ["quota"]],
  ["/_sim/clock", ["clock", "quota"]],
  ["/_sim/users", ["users"]],
];

const isAnew = (/** @type {Entry} */ { method, path = "" }) =>
  path.startsWith("/_sim/reset") ||
  path.startsWith("/_sim/snapshots") ||
  (method === "DELETE" && path.startsWith("/_sim/messages"));

/**
 * @param {Store<State>} store
 * @param {Reads} reads
 */
export function openFeed(store, reads) {
  const readEverything = soon(reads.everything, 0);
  const announce = announcer(store);

  /** @param {Entry} entry */
  function take(entry) {
    const before = store.state.messages;
    reads.hear(entry);
    if (entry.kind === "message" && store.state.messages !== before) announce(store.state.messages[0]);
    if (entry.kind === "control" && isAnew(entry)) readEverything();
    else for (const part of staleAfter(entry, store.state)) reads[part]();
  }

  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout>} */
  let retry;
  const open = () => {
    const opened = new EventSource("/_sim/events");
    source = opened;
    opened.onopen = () => {
      store.set({ connection: "live" });
      // The simulator may have been started anew.
      readEverything();
    };
    opened.onerror = () => {
      store.set({ connection: "reconnecting" });
      // The browser tries again by itself, unless it was answered with an error.
      if (opened.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY);
    };
    for (const kind of KINDS) opened.addEventListener(kind, ({ data }) => take(JSON.parse(data)));
    opened.addEventListener("missed", readEverything);
  };
  const close = () => {
    clearTimeout(retry);
    source?.close();
  };
  // A browser has six connections to a server for all of its tabs: one that nobody looks at leaves its own to others.
  // What it misses is read when it is looked at again, as after a connection that broke off.
  const follow = () => {
    close();
    if (document.hidden) return;
    store.set({ connection: "connecting" });
    open();
  };
  follow();
  document.addEventListener("visibilitychange", follow);
}

/**
 * @param {Entry} entry
 * @param {State} state
 * @returns {Part[]}
 */
function staleAfter(entry, { users }) {
  if (entry.kind === "control") return STALE.find(([path]) => entry.path?.startsWith(path))?.[1] ?? [];
  const concerned = entry.users ?? (entry.message ? [entry.message.user] : []);
  const isListed = users.some(({ user }) => concerned.includes(user));
  /** @type {Part[]} */
  const counted = entry.kind === "call" ? ["stats", "quota"] : entry.kind === "message" ? ["stats"] : [];
  return isListed ? [...counted, "users"] : counted;
}

/**
 * Says what arrived in one short sentence, a second's messages together.
 *
 * @param {Store<State>} store
 */
function announcer(store) {
  /** @type {Message[]} */
  let arrived = [];
  const say = soon(() => {
    const [{ user, title }] = arrived;
    const turn = (store.state.announcement?.turn ?? 0) + 1;
    store.set({ announcement: { count: arrived.length, user, title, turn } });
    arrived = [];
  }, BREATH);
  return (/** @type {Message} */ message) => {
    arrived.push(message);
    say();
  };
}
