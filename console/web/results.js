// What became of the batches, newest first.

import { html, nothing } from "/_sim/ui/vendor/lit-html.js";
import { copyable, leaveTo, once, twoStep } from "/_sim/ui/controls.js";
import { cross } from "/_sim/ui/icons.js";
import { repeat } from "/_sim/ui/vendor/repeat.js";
import { message } from "./message.js";
import { inShort, leftOut, ownWords } from "./names.js";
import { notificationsIn } from "./state.js";

/** @import { Actions } from "./actions.js" */
/** @import { State } from "./state.js" */
/** @import { Batch, BatchStatus, MessageState, Refusal } from "./types.js" */
/** @import { Words } from "./words.js" */

/** @type {MessageState[]} */
const STATES = ["queued", "retrying", "parked", "sent", "delivered", "blocked", "refused", "failed", "unknown"];

/**
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
export function results(state, words, act) {
  const says = words.results;
  return html`
    <form class="look-up" aria-label=${says.lookUp} @submit=${lookUp(act)}>
      <label class="sr-only" for="batch">${says.lookUpId}</label>
      <input class="field" id="batch" name="id" required autocomplete="off" spellcheck="false" placeholder=${says.lookUpHint}>
      <button class="button" aria-label=${says.lookUp}>${says.lookUpButton}</button>
    </form>
    <p class="sr-only" role="status">${heard(state.batches[0], words)}</p>
    ${state.batches.length === 0
      ? html`<div class="results-empty"><p>${says.empty}</p><p class="hint">${says.emptyHint}</p></div>`
      : html`<ol class="batches">${repeat(state.batches, ({ id }) => id, (one) => html`<li>${batch(one, state, words, act)}</li>`)}</ol>`}`;
}

/** @param {Actions} act */
const lookUp = (act) => async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  const id = String(new FormData(form).get("id")).trim();
  if (id === "") return;
  form.reset();
  await act.lookUp(id);
};

/** A sentence on the newest, for those who hear. @param {Batch | undefined} batch @param {Words} words */
function heard(batch, words) {
  if (!batch?.status) return "";
  const counts = countsOf(batch.status).map(([state, count]) => `${words.states[state]} ${count}`);
  return words.results.heard(batch.id, counts.join(words.list));
}

/** @param {BatchStatus} status */
const countsOf = ({ counts }) =>
  STATES.map((state) => /** @type {[MessageState, number]} */ ([state, counts[state] ?? 0])).filter(([, count]) => count > 0);

/**
 * @param {Batch} batch
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
function batch({ id, status, problem, rejected, pages, replayed }, state, words, act) {
  const says = words.results;
  const title = notificationsIn(state).find(({ name }) => name === status?.notification)?.title;
  const shown = id.length > 22 ? `${id.slice(0, 20)}…` : id;
  return html`
    <article class="panel batch" tabindex="-1" aria-label=${says.batch(id)} data-batch=${id}>
      <div class="panel-head">
        <div class="batch-name">
          <h3>${title ? html`<span lang="zh-CN">${title}</span>` : (status?.notification ?? says.aBatch)}</h3>
          ${copyable({ text: id, shown, name: words.copy(says.batch(id)), copied: words.copied })}
        </div>
        ${status && hasFailed(status) ? again(id, status, words, act) : nothing}
        <button type="button" class="button button-quiet button-icon" aria-label=${says.hide(id)} title=${says.hide(id)}
          @click=${leaveTo("#results", "#batch", () => act.forgetBatch(id))}>${cross()}</button>
      </div>
      ${problem ? unread(problem, words) : nothing}
      ${status?.messages.length ? html`<ul class="counts-line">${countsOf(status).map(([state, count]) => html`<li class="state" data-state=${state}>${words.states[state]} <b>${words.number(count)}</b></li>`)}</ul>` : nothing}
      ${replayed ? html`<p class="batch-said">${says.replayed(replayed)}</p>` : nothing}
      ${status?.messages.length ? html`<ol class="messages-rows">${repeat(status.messages, ({ n }) => n, (one) => message(one, state.users, words))}</ol>` : nothing}
      ${status?.next ? html`<p class="batch-more"><button type="button" class="button" @click=${once(() => act.showMore(id, pages))}>${says.more}</button></p>` : nothing}
      ${rejected.length > 0 ? html`<div class="batch-rejected">${leftOut(rejected, state.users, words)}</div>` : nothing}
    </article>`;
}

/** Why it cannot be read. @param {Refusal} problem @param {Words} words */
const unread = (problem, words) => html`<div class="batch-said"><p class="is-bad">${inShort(problem, words)}</p>${ownWords(problem, words)}</div>`;

/** @param {BatchStatus} status */
const hasFailed = ({ counts }) => Boolean(counts.failed || counts.unknown);

/**
 * What is unknown may have arrived: that is asked about first.
 *
 * @param {string} id
 * @param {BatchStatus} status
 * @param {Words} words
 * @param {Actions} act
 */
const again = (id, { counts }, { results }, act) =>
  counts.unknown
    ? twoStep({ label: results.replay, sure: results.replaySure, act: () => act.replay(id) })
    : html`<button type="button" class="button" @click=${leaveTo(".batch", "", () => act.replay(id))}>${results.replay}</button>`;
