// How people and problems are named.

import { html, nothing } from "/_sim/ui/vendor/lit-html.js";
import { shortened } from "/_sim/ui/ids.js";
import { idOf, userOf } from "./state.js";

/** @import { User } from "/_sim/ui/types.js" */
/** @import { Recipient, Refusal, Rejected, TemplateProblem } from "./types.js" */
/** @import { Words } from "./words.js" */

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

/** In the gateway's own words, which are English. @param {string | null | undefined} detail */
const details = (detail) => (detail ? html`<p class="why-detail" lang="en">${sentence(detail)}</p>` : nothing);

/** A problem in one sentence. @param {Refusal} problem @param {Words} words */
export function inShort(problem, words) {
  const said = words.problemOf(problem);
  return html`<span lang=${said === problem.detail ? "en" : nothing}>${said}</span>`;
}

/** A problem in the gateway's own words, where the page has said it in others. @param {Refusal} problem @param {Words} words */
export const ownWords = (problem, words) => (words.problemOf(problem) === problem.detail ? nothing : details(problem.detail));

/**
 * Why, and what to do.
 *
 * @param {{ reason?: string | null, detail?: string | null, remedy?: string | null, errcode?: number | null, field?: string }} told
 * @param {Words} words
 */
export function why(told, words) {
  const { reason, detail, remedy, errcode } = told;
  return html`${reason || errcode
    ? html`<p class="why-reason">${reason ? html`<span>${words.reasons[reason] ?? words.misfits[reason] ?? nothing}</span> <code>${reason}</code>` : nothing}
        ${errcode ? html`<code>errcode ${errcode}</code>` : nothing}</p>`
    : nothing}${details(detail)}${remedy ? remedied(remedy, words.remedyOf(remedy, told)) : nothing}`;
}

/** @param {string} remedy  As the gateway says it. @param {string} said  As the page does. */
const remedied = (remedy, said) => html`<p class="why-remedy" lang=${said === remedy ? "en" : nothing}>${sentence(said)}</p>`;

/** @param {Rejected[]} rejected @param {User[]} users @param {Words} words */
export function leftOut(rejected, users, words) {
  if (rejected.length === 0) return nothing;
  const alike = grouped(rejected, ({ reason, detail, remedy }) => [reason, detail, remedy]);
  return html`
    <h4 class="why-title">${words.results.rejected(rejected.length)}</h4>
    <ul class="whys">${alike.map((group) => html`<li>${whoAre(group.map(({ to }) => to), users, words)}${why(group[0], words)}</li>`)}</ul>`;
}

/** @param {TemplateProblem[]} problems @param {Words} words */
export const misfits = (problems, words) =>
  problems.length === 0
    ? nothing
    : html`
      <ul class="whys">${problems.map(
        (problem) => html`<li><span class="who">${words.card.channel[problem.channel]}${problem.field ? html` <code>${problem.field}</code>` : nothing}</span>
          ${why(problem, words)}</li>`,
      )}</ul>`;
