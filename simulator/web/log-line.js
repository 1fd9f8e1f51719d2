import { html, nothing } from "./vendor/lit-html.js";
import { momentOf, secondOf } from "./time.js";

/** @import { Entry } from "./types.js" */
/** @import { Words } from "./words.js" */

/** @type {Record<Entry["kind"], (entry: Entry, words: Words) => unknown>} */
const TEXTS = { call, message, callback, control };

/**
 * @param {Entry} entry
 * @param {Words} words
 */
export const logLine = (entry, words) => html`
  <li class="log-line" data-kind=${entry.kind}>
    <time datetime=${momentOf(entry.at)}>${secondOf(entry.at)}</time>
    <span class="log-kind">${words.log.kind[entry.kind] ?? entry.kind}</span>
    <span class="log-text">${TEXTS[entry.kind]?.(entry, words)}</span>
  </li>`;

/** @param {Entry} entry @param {Words} words */
function call({ endpoint, users = [], user_count = users.length, answer = "0", took_ms }, words) {
  const some = users.join(words.list);
  const means = words.errcodes[answer] ?? /** @type {Record<string, string>} */ (words.log.answers)[answer];
  const isError = answer !== "0";
  return html`<code>${endpoint}</code>
    <span class="log-answer ${isError ? "is-bad" : ""}"><code>${answer}</code>${isError && means ? ` ${means}` : nothing}</span>
    ${users.length > 0 ? html`<span>${words.log.users(some, user_count - users.length)}</span>` : nothing}
    ${took_ms === undefined ? nothing : html`<span>${words.log.took(took_ms)}</span>`}`;
}

/** @param {Entry} entry @param {Words} words */
function message({ message }, words) {
  return message ? html`<span>${words.log.got(message.user, message.title)}</span>` : nothing;
}

/** @param {Entry} entry @param {Words} words */
function callback({ account = "oa", event, user, status, outcome = "queued", tries = 0 }, words) {
  const isBad = outcome === "given_up" || outcome === "lost" || (status !== undefined && status !== "success");
  return html`<span>${words.account[account]}</span> <code>${event}</code>
    ${typeof user === "number" ? html`<span>${words.log.users(String(user), 0)}</span>` : nothing}
    <span class="log-answer ${isBad ? "is-bad" : ""}">${status && status !== "success" ? `${status} ` : nothing}${words.log.outcomes[outcome]}</span>
    ${tries > 1 ? html`<span>${words.log.tries(tries)}</span>` : nothing}`;
}

/** @param {Entry} entry */
function control({ method, path }) {
  return html`<code>${method} ${path}</code>`;
}
