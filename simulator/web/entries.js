// What an entry of the log changes in what the page knows. Applying one twice does no harm.

/** @import { Entry, Message } from "./types.js" */

/** @typedef {{ messages: Message[], shown: { user: number | null }, kept: number, log: Entry[] }} Known */

const LINES = 500;

/**
 * @param {Known} known
 * @param {Entry} entry
 * @returns {{ log: Entry[], messages?: Message[] }}
 */
export function afterEntry(known, entry) {
  const log = withLine(known.log, entry);
  if (entry.kind === "message" && entry.message) return { log, messages: withMessage(known, entry.message) };
  if (entry.kind === "callback" && entry.msgid) return { log, messages: withReceipt(known.messages, entry) };
  return { log };
}

/**
 * @param {Entry[]} log
 * @param {Entry} entry
 */
function withLine(log, entry) {
  const isKnown = log.some((line) => line.id === entry.id);
  return isKnown ? log : [entry, ...log].slice(0, LINES);
}

/**
 * @param {Known} known
 * @param {Message} message
 */
function withMessage({ messages, shown, kept }, message) {
  const isForOthers = shown.user !== null && shown.user !== message.user;
  if (isForOthers || messages.some(({ id }) => id === message.id)) return messages;
  return [{ ...message, fresh: true }, ...messages].slice(0, kept);
}

/**
 * @param {Message[]} messages
 * @param {Entry} entry
 */
function withReceipt(messages, { msgid, outcome }) {
  const isShown = messages.some(({ id }) => id === msgid);
  if (!isShown) return messages;
  return messages.map((message) => (message.id === msgid ? { ...message, receipt: outcome ?? null } : message));
}
