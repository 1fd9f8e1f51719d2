// The last call: the line for a terminal, and what came of it.

import { html, nothing } from "/_sim/ui/vendor/lit-html.js";
import { copyable } from "/_sim/ui/controls.js";
import { inShort, leftOut, misfits, ownWords } from "./names.js";
import { previews } from "./preview.js";

/** @import { State } from "./state.js" */
/** @import { Call, Outcome } from "./types.js" */
/** @import { Words } from "./words.js" */

/**
 * @param {State} state
 * @param {Words} words
 * @param {() => unknown} showResults
 */
export const call = (state, words, showResults) => html`
  <p class="sr-only" role="status">${state.call ? said(state.call.outcome, words) : nothing}</p>
  ${state.call ? shown(state.call, state, words, showResults) : nothing}`;

/**
 * @param {Call} call
 * @param {State} state
 * @param {Words} words
 * @param {() => unknown} showResults
 */
function shown({ name, status, curl, outcome }, state, words, showResults) {
  const says = words.call;
  const isBad = status !== null && status >= 400;
  return html`
    <section class="panel call" aria-labelledby="call-title">
      <div class="panel-head">
        <h3 id="call-title">${says.title}</h3>
        <p class="call-name"><code>${name}</code>${status === null ? nothing : html` <span class="badge ${isBad ? "is-bad" : "is-good"}">${status}</span>`}</p>
      </div>
      <div class="call-outcome">
        <p class="call-said ${hasFailed(outcome) ? "is-bad" : ""}">${said(outcome, words)}
          ${outcome.kind === "send" ? html`<button type="button" class="button to-results" @click=${showResults}>${says.showResults}</button>` : nothing}</p>
        ${more(outcome, state, words)}
      </div>
      <div class="terminal">
        <p class="terminal-title">${says.terminal}</p>
        ${copyable({ text: curl, shown: curl, name: words.copy(says.curl), copied: words.copied })}
      </div>
      <details class="terminal-more">
        <summary>${says.variables}</summary>
        <p>${copyable({ text: `GATEWAY=${state.gateway}`, shown: `GATEWAY=${state.gateway}`, name: words.copy("GATEWAY"), copied: words.copied })}</p>
        <p><code>KEY=…</code> ${says.key}</p>
      </details>
    </section>`;
}

/** @param {Outcome} outcome */
const hasFailed = ({ kind, answer }) =>
  kind === "refused" || kind === "unreachable" || (kind === "login" && answer.backend?.status !== 200) || (kind === "sync" && answer.state === "failed");

/** In a sentence. @param {Outcome} outcome @param {Words} words @returns {unknown} */
function said({ kind, answer, user = 0 }, words) {
  const says = words.call;
  switch (kind) {
    case "dry_run":
      return says.wouldSend(answer.messages.length);
    case "send":
      return says.accepted(answer.accepted);
    case "sync":
      return answer.state === "failed" ? html`${says.syncFailed} <span lang="en">${answer.error}</span>` : says.synced(words.number(answer.known + answer.new), words.number(answer.new));
    case "login":
      return answer.backend?.status === 200 ? says.loggedIn(words.user(user)) : says.notLoggedIn;
    case "replay":
      return says.replayed(answer.replayed);
    case "refused":
      return inShort(answer, words);
    default:
      return words.unreachable;
  }
}

/**
 * @param {Outcome} outcome
 * @param {State} state
 * @param {Words} words
 */
function more({ kind, answer }, { users }, words) {
  if (kind === "refused") return html`${answer.code ? html`<p><code class="is-bad">${answer.code}</code></p>` : nothing}${ownWords(answer, words)}`;
  if (kind === "send") return leftOut(answer.rejected, users, words);
  if (kind !== "dry_run") return nothing;
  return html`${misfits(answer.problems, words)}${answer.messages.length > 0 ? previews(answer.messages, users, words) : nothing}${leftOut(answer.rejected, users, words)}`;
}
