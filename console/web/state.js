// What the page knows beside what it knows of the simulator.

import { initialState as ofSimulator } from "/_sim/ui/state.js";
import { chosenOf, notificationsOf } from "./catalog.js";
import { kept } from "./kept.js";

/** @import { State as SimulatorState } from "/_sim/ui/state.js" */
/** @import { Template, User } from "/_sim/ui/types.js" */
/** @import { Language } from "/_sim/ui/words.js" */
/** @import { Batch, Call, Entry, Recipient, SyncProgress } from "./types.js" */

/**
 * @typedef {"backend" | "results" | "phone"} PaneName
 *
 * @typedef {object} Draft  What is in the form.
 * @property {string} notification  Empty is the first that can be sent.
 * @property {Record<string, string>} values  By placeholder, whichever notification it is of.
 * @property {string[]} ticked  Openids
 * @property {string} typed  Openids that somebody typed.
 *
 * @typedef {object} Own
 * @property {string} gateway  Its address
 * @property {boolean} hasPhone  Without one, WeChat is a real one.
 * @property {boolean} hasKey  The page was opened by the address that was printed for this run.
 * @property {Entry[] | null} entries  The catalog; null until it was read.
 * @property {SyncProgress | null} sync
 * @property {Draft} draft
 * @property {boolean} lacksRecipient  Somebody tried to send to nobody.
 * @property {boolean} hasTried  A dry run was made.
 * @property {boolean} hasSent  A message went out from here.
 * @property {boolean} showsSteps
 * @property {Call | null} call  The last one
 * @property {Batch[]} batches  Newest first.
 * @property {PaneName} pane  The one that is shown where there is room for one.
 * @property {Record<string, string>} seen  By pane, what was new in it when it was looked at last.
 *
 * @typedef {SimulatorState & Own} State
 */

/** @type {Draft} */
const EMPTY = { notification: "", values: {}, ticked: [], typed: "" };

/** @param {string} id @param {import("./types.js").Rejected[]} [rejected] @returns {Batch} */
export const newBatch = (id, rejected = []) => ({
  id,
  rejected,
  status: null,
  problem: null,
  pages: 1,
  readAt: 0,
  changedAt: Date.now(),
  replayed: null,
});

/**
 * @param {Language} language
 * @param {{ gateway: string, has_phone: boolean }} about
 * @returns {State}
 */
export function initialState(language, about) {
  const batches = kept("batches", /** @type {{ id: string, rejected: [] }[]} */ ([]));
  return {
    ...ofSimulator(language),
    gateway: about.gateway,
    hasPhone: about.has_phone,
    hasKey: true,
    entries: null,
    sync: null,
    draft: { ...EMPTY, ...kept("draft", EMPTY) },
    lacksRecipient: false,
    hasTried: false,
    hasSent: false,
    showsSteps: batches.length === 0 && kept("steps", true),
    call: null,
    batches: batches.map(({ id, rejected }) => newBatch(id, rejected)),
    pane: "backend",
    seen: {},
  };
}

/** @param {{ entries: Entry[] | null, templates: Template[] }} state */
export const notificationsIn = ({ entries, templates }) => notificationsOf(entries ?? [], templates);

/** @param {{ entries: Entry[] | null, templates: Template[], draft: Draft }} state */
export const chosenIn = (state) => chosenOf(notificationsIn(state), state.draft.notification);

/** Who can be ticked. @param {{ users: User[] }} state */
export const loggedInOf = ({ users }) => users.filter(({ logged_in }) => logged_in);

/** @param {{ users: User[], draft: Draft }} state @returns {string[]} Openids */
export function recipientsIn({ users, draft }) {
  const ticked = loggedInOf({ users }).map(({ mini_openid }) => mini_openid).filter((id) => draft.ticked.includes(id));
  return [...new Set([...ticked, ...draft.typed.split(/[\s,，、;；]+/).filter(Boolean)])];
}

/** What is left empty is not sent: the gateway says what it misses. @param {{ entries: Entry[] | null, templates: Template[], draft: Draft }} state */
export function dataIn(state) {
  const filled = (chosenIn(state)?.fields ?? []).map(({ name }) => [name, state.draft.values[name] ?? ""]);
  return Object.fromEntries(filled.filter(([, value]) => value !== ""));
}

/** The user who has any of a recipient's ids. @param {Recipient} to @param {User[]} users */
export const userOf = ({ openid, oa_openid, unionid }, users) =>
  users.find((user) => user.mini_openid === openid || user.oa_openid === oa_openid || (unionid && user.unionid === unionid));

/** @param {Recipient} to */
export const idOf = ({ openid, oa_openid, unionid }) => openid ?? oa_openid ?? unionid ?? "";
