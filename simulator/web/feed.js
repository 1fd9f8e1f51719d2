// The simulator's events, as they happen, into the store.

import { afterEntry } from "./entries.js";
import { soon } from "./soon.js";

/** @import { Reads } from "./read.js" */
/** @import { State } from "./state.js" */
/** @import { Store } from "./store.js" */
/** @import { Entry, Message } from "./types.js" */

const KINDS = ["call", "message", "callback", "control"];
const RETRY = 3000;
const BREATH = 1000;

/** Which reads a control route makes stale, by how its path begins. @type {[string, (keyof Reads)[]][]} */
const STALE = [
  ["/_sim/faults", ["faults"]],
  ["/_sim/followers/faults", ["faults"]],
  ["/_sim/callback/faults", ["faults"]],
  ["/_sim/mini/callback/faults", ["faults"]],
  ["/_sim/console", ["console", "users"]],
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
 * @param {string} [url]
 * @returns {() => void} Ends it.
 */
export function openFeed(store, reads, url = "/_sim/events") {
  /** Entries that come while everything is read: what was read may be older. @type {Entry[] | null} */
  let meanwhile = null;
  const readEverything = soon(async () => {
    meanwhile = [];
    await reads.everything();
    for (const entry of meanwhile) store.set(afterEntry(store.state, entry));
    meanwhile = null;
  }, 0);

  const announce = announcer(store);

  /** @param {Entry} entry */
  function take(entry) {
    const before = store.state.messages;
    store.set(afterEntry(store.state, entry));
    meanwhile?.push(entry);
    if (entry.kind === "message" && store.state.messages !== before) announce(store.state.messages[0]);
    if (entry.kind === "control" && isAnew(entry)) readEverything();
    else for (const part of staleAfter(entry, store.state)) reads[part]();
  }

  /** @type {EventSource} */
  let source;
  /** @type {ReturnType<typeof setTimeout>} */
  let retry;
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => {
      store.set({ connection: "live" });
      // The simulator may have been started anew.
      readEverything();
    };
    source.onerror = () => {
      store.set({ connection: "reconnecting" });
      // The browser tries again by itself, unless it was answered with an error.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY);
    };
    for (const kind of KINDS) source.addEventListener(kind, ({ data }) => take(JSON.parse(data)));
    source.addEventListener("missed", readEverything);
  };
  open();
  return () => {
    clearTimeout(retry);
    source.close();
  };
}

/**
 * @param {Entry} entry
 * @param {State} state
 * @returns {(keyof Reads)[]}
 */
function staleAfter(entry, { users }) {
  if (entry.kind === "control") return STALE.find(([path]) => entry.path?.startsWith(path))?.[1] ?? [];
  const concerned = entry.users ?? (entry.message ? [entry.message.user] : []);
  const isListed = users.some(({ user }) => concerned.includes(user));
  /** @type {(keyof Reads)[]} */
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
