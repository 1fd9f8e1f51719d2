// How people and problems are named.

import { html, nothing } from "/_sim/ui/vendor/lit-html.js";
import { idOf, userOf } from "./state.js";

/** @import { User } from "/_sim/ui/types.js" */
/** @import { Recipient, Rejected, TemplateProblem } from "./types.js" */
/** @import { Words } from "./words.js" */

/** Openids of one account begin alike: the end tells them apart. @param {string} id */
export const shortened = (id) => (id.length > 14 ? `${id.slice(0, 4)}…${id.slice(-5)}` : id);

/** @param {Recipient} to @param {User[]} users @param {Words} words */
function whoIs(to, users, words) {
  const user = userOf(to, users);
  const id = idOf(to);
  return user ? html`<span title=${id}>${words.user(user.user)}</span>` : html`<code title=${id}>${shortened(id)}</code>`;
}

/** @param {Recipient[]} all @param {User[]} users @param {Words} words */
export const whoAre = (all, users, words) =>
  html`<span class="who">${all.map((to, index) => html`${index > 0 ? words.list : nothing}${whoIs(to, users, words)}`)}</span>`;

/**
 * Those that are alike, together and in their order.
 *
 * @template T
 * @param {T[]} all
 * @param {(one: T) => unknown} what  In what they are alike.
 */
export function grouped(all, what) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const one of all) {
    const key = JSON.stringify(what(one));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** A sentence of the gateway's, which names things between backticks. @param {string} text */
const sentence = (text) => text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));

/**
 * Why, and what to do: the word in the page's language, the sentence as the gateway says it.
 *
 * @param {{ reason?: string | null, detail?: string | null, remedy?: string | null, errcode?: number | null }} told
 * @param {Record<string, string>} meanings  By reason
 */
export const why = ({ reason, detail, remedy, errcode }, meanings) => html`${reason || errcode
  ? html`<p class="why-reason">${reason ? html`<span>${meanings[reason] ?? nothing}</span> <code>${reason}</code>` : nothing}
      ${errcode ? html`<code>errcode ${errcode}</code>` : nothing}</p>`
  : nothing}${detail ? html`<p class="why-detail" lang="en">${sentence(detail)}</p>` : nothing}${remedy
  ? html`<p class="why-remedy" lang="en">${sentence(remedy)}</p>`
  : nothing}`;

/** @param {Rejected[]} rejected @param {User[]} users @param {Words} words */
export function leftOut(rejected, users, words) {
  if (rejected.length === 0) return nothing;
  const alike = grouped(rejected, ({ reason, detail, remedy }) => [reason, detail, remedy]);
  return html`
    <h4 class="why-title">${words.results.rejected(rejected.length)}</h4>
    <ul class="whys">${alike.map((group) => html`<li>${whoAre(group.map(({ to }) => to), users, words)}${why(group[0], words.reasons)}</li>`)}</ul>`;
}

/** @param {TemplateProblem[]} problems @param {Words} words */
export const misfits = (problems, words) =>
  problems.length === 0
    ? nothing
    : html`
      <ul class="whys">${problems.map(
        (problem) => html`<li><span class="who">${words.card.channel[problem.channel]}${problem.field ? html` <code>${problem.field}</code>` : nothing}</span>
          ${why(problem, words.misfits)}</li>`,
      )}</ul>`;
