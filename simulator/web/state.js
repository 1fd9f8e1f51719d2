/** @import { Console, Entry, Faults, Message, Note, Quota, Stats, Template, User } from "./types.js" */
/** @import { Language } from "./words.js" */

/** So many messages are asked for at first, and so many more each time. */
export const PORTION = 500;

/**
 * @typedef {object} State
 * @property {Language} language
 * @property {"connecting" | "live" | "reconnecting"} connection
 * @property {number} ahead  Seconds by which the simulated clock is ahead of the browser's.
 * @property {number} now  The simulated second.
 * @property {string} minute  The simulated moment to the minute: what need not be drawn every second goes by it.
 * @property {Message[]} messages  Newest first, of the user that is shown.
 * @property {{ user: number | null, from: string | null }} shown  Whose messages, and with which they begin: null is the newest.
 * @property {number} kept  How many messages are kept here.
 * @property {{ count: number, user: number, title: string, turn: number } | null} announcement  What just arrived.
 * @property {User[]} users
 * @property {number[]} added  Users that are listed beside the first ones.
 * @property {Record<number, Note>} notes  By user, what came of the last tap.
 * @property {Template[]} templates
 * @property {string} templateToAllow  An id; empty is the first.
 * @property {Faults} faults
 * @property {Console | null} console
 * @property {Record<string, number>} ordered  By switch, the fault that it ordered.
 * @property {string[]} openFaults  The switches whose fields are shown.
 * @property {number} rotated  How often the token was rotated from here.
 * @property {Stats} stats
 * @property {Quota[]} quota
 * @property {string} limited  The endpoint whose quota is to be changed; empty is the first.
 * @property {Entry[]} log  Newest first.
 * @property {string[]} hiddenKinds  Kinds of the log that are not shown.
 * @property {Entry[] | null} pausedLog  The log as it was when it was paused.
 * @property {{ said: string | null } | null} problem  What the simulator refused, in its words; it has none if it cannot be reached.
 */

/** @param {Language} language @returns {State} */
export const initialState = (language) => ({
  language,
  connection: "connecting",
  ahead: 0,
  now: Date.now() / 1000,
  minute: "",
  messages: [],
  shown: { user: null, from: null },
  kept: PORTION,
  announcement: null,
  users: [],
  added: [],
  notes: {},
  templates: [],
  templateToAllow: "",
  faults: { endpoints: [], followers: {}, callback: {}, mini_callback: {} },
  console: null,
  ordered: {},
  openFaults: [],
  rotated: 0,
  stats: { endpoints: {}, delivered: 0, duplicates: 0 },
  quota: [],
  limited: "",
  log: [],
  hiddenKinds: [],
  pausedLog: null,
  problem: null,
});
