// The way from a fresh start to a message on the phone, and how far somebody is on it.

import { html, nothing } from "/_sim/ui/vendor/lit-html.js";
import { once } from "/_sim/ui/controls.js";
import { check, cross } from "/_sim/ui/icons.js";
import { chosenIn, loggedInOf, recipientsIn } from "./state.js";

/** @import { Actions } from "./actions.js" */
/** @import { State } from "./state.js" */
/** @import { Words } from "./words.js" */

/** @typedef {"login" | "sync" | "fill" | "dryRun" | "send"} StepName */

/** @param {State} state @returns {{ name: StepName, isDone: boolean }[]} */
function stepsOf(state) {
  const fields = chosenIn(state)?.fields ?? [];
  const { hasSent, hasTried } = state;
  return [
    { name: "login", isDone: state.hasPhone ? loggedInOf(state).length > 0 : recipientsIn(state).length > 0 },
    { name: "sync", isDone: state.sync?.state === "done" },
    { name: "fill", isDone: hasSent || (fields.length > 0 && fields.every(({ name }) => state.draft.values[name])) },
    { name: "dryRun", isDone: hasSent || hasTried },
    { name: "send", isDone: hasSent },
  ];
}

/**
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
export function steps(state, words, act) {
  if (!state.showsSteps) return nothing;
  const all = stepsOf(state);
  const next = all.find(({ isDone }) => !isDone)?.name;
  const says = words.steps;
  const isDelivered = state.batches.some(({ status }) => status?.counts.delivered);
  const said = next ? says.explained[next === "login" && !state.hasPhone ? "openid" : next] : isDelivered ? says.delivered : says.done;
  return html`
    <section class="panel steps" aria-labelledby="steps-title">
      <div class="panel-head">
        <h3 id="steps-title">${says.title}</h3>
        ${next
          ? html`<button type="button" class="button button-quiet button-icon" aria-label=${says.close} title=${says.close} @click=${close(act)}>${cross()}</button>`
          : html`<button type="button" class="button" aria-label=${says.close} @click=${close(act)}>${says.finish}</button>`}
      </div>
      <ol class="steps-list">${all.map((step, index) => html`<li>${stepButton(step, index + 1, step.name === next, state, words, act)}</li>`)}</ol>
      <p class="steps-said" role="status">${said}</p>
    </section>`;
}

/**
 * @param {{ name: StepName, isDone: boolean }} step
 * @param {number} number
 * @param {boolean} isNext
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
function stepButton({ name, isDone }, number, isNext, state, words, act) {
  const says = words.steps;
  const label = says.names[name === "login" && !state.hasPhone ? "openid" : name];
  return html`
    <button type="button" class="step ${isDone ? "is-done" : ""}" aria-current=${isNext ? "step" : nothing} @click=${once(does(name, state, act))}>
      <span class="step-mark">${isDone ? check() : html`<span>${number}</span>`}</span>
      <span class="step-name">${isDone ? html`<span class="sr-only">${number}</span>` : nothing} ${label}${isDone ? html`<span class="sr-only"> ${says.isDone}</span>` : nothing}</span>
    </button>`;
}

/**
 * What a step's button does; where something is missing for it, it leads there.
 *
 * @param {StepName} name
 * @param {State} state
 * @param {Actions} act
 */
function does(name, state, act) {
  const isEmpty = Object.values(state.draft.values).every((value) => !value);
  const inForm = (/** @type {() => unknown} */ task) => () =>
    recipientsIn(state).length > 0 && isEmpty ? focusOn(".datum input") : task();
  return {
    login: () => (state.hasPhone ? act.login(0) : focusOn("#typed")),
    sync: act.sync,
    fill: act.fillIn,
    dryRun: inForm(act.dryRun),
    send: inForm(act.send),
  }[name];
}

/** @param {string} selector */
const focusOn = (selector) => /** @type {HTMLElement | null} */ (document.querySelector(selector))?.focus();

/** The strip is gone then, with the button that was pressed. @param {Actions} act */
const close = (act) => () => {
  act.closeSteps();
  focusOn("#notification");
};
