import { html, nothing } from "./vendor/lit-html.js";
import { leaveTo, twoStep } from "./controls.js";
import { cross, forward } from "./icons.js";
import { dateOf, momentOf, secondOf } from "./time.js";

/** @import { Actions } from "./actions.js" */
/** @import { State } from "./state.js" */
/** @import { Words } from "./words.js" */

/**
 * The name, the clock, the counts, and what concerns the whole page.
 *
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
export function header(state, words, act) {
  const { top } = words;
  const { delivered, duplicates } = state.stats;
  return html`
    <h1 class="brand"><span lang="zh-CN">微信模拟器</span> <span class="brand-alias" lang="en">WeChat simulator</span></h1>
    <p class="connection" data-connection=${state.connection} role="status">${top.connection[state.connection]}</p>
    <dl class="counts">
      <div><dt>${top.delivered}</dt><dd>${words.number(delivered)}</dd></div>
      <div class=${duplicates > 0 ? "is-bad" : ""}><dt>${top.duplicates}</dt><dd>${words.number(duplicates)}</dd></div>
    </dl>
    ${clock(state, words, act)}
    <nav class="sections" aria-label=${top.sections}>
      ${[["users", words.users.title], ["log", words.log.title], ["faults", words.faults.title], ["calls", words.calls.short]].map(
        ([id, name]) => html`<a href="#${id}">${name}</a>`,
      )}
    </nav>
    <div class="top-buttons">
      <button type="button" class="button button-quiet" lang=${top.otherTag} @click=${() => act.speak(state.language === "zh" ? "en" : "zh")}>${top.other}</button>
      ${twoStep({ label: top.reset, sure: top.resetSure, act: act.reset })}
    </div>`;
}

/**
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
function clock({ now }, { top }, act) {
  const advance = (/** @type {string} */ seconds) => async (/** @type {Event} */ { currentTarget }) => {
    const menu = /** @type {HTMLElement} */ (currentTarget).closest("details");
    await act.advance(Number(seconds));
    menu?.querySelector("summary")?.focus();
    menu?.removeAttribute("open");
  };
  return html`
    <div class="clock">
      <time datetime=${momentOf(now)} title=${top.clock} aria-label="${top.clock} ${dateOf(now)} ${secondOf(now)}">
        <span class="clock-date">${dateOf(now)}</span> <span class="clock-time">${secondOf(now)}</span></time>
      <details class="menu" @keydown=${closeOnEscape} @focusout=${closeOnLeave}>
        <summary class="button button-quiet">${forward()}<span>${top.advance}</span></summary>
        <div class="menu-items">
          ${Object.entries(top.advances).map(
            ([seconds, name]) => html`<button type="button" class="menu-item" @click=${advance(seconds)}>${name}</button>`,
          )}
        </div>
      </details>
    </div>`;
}

function closeOnEscape(/** @type {KeyboardEvent} */ event) {
  if (event.key !== "Escape") return;
  const menu = /** @type {HTMLDetailsElement} */ (event.currentTarget);
  menu.open = false;
  menu.querySelector("summary")?.focus();
}

function closeOnLeave(/** @type {FocusEvent} */ event) {
  const menu = /** @type {HTMLDetailsElement} */ (event.currentTarget);
  if (event.relatedTarget && !menu.contains(/** @type {Node} */ (event.relatedTarget))) menu.open = false;
}

/**
 * What the simulator refused, in its own words, which are English.
 *
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
export const problem = (state, words, act) => html`
  <div role="alert">
    ${state.problem === null
      ? nothing
      : html`<p class="problem">${state.problem.said === null ? words.unreachable : html`<span lang="en">${state.problem.said}</span>`}
          <button type="button" class="button button-quiet button-icon" aria-label=${words.dismiss}
            @click=${leaveTo("body", "main", act.dismissProblem)}>${cross()}</button></p>`}
  </div>`;
