import { html, nothing } from "./vendor/lit-html.js";
import { repeat } from "./vendor/repeat.js";
import { pause } from "./icons.js";
import { logLine } from "./log-line.js";

/** @import { Actions } from "./actions.js" */
/** @import { State } from "./state.js" */
/** @import { Words } from "./words.js" */

const KINDS = /** @type {const} */ (["call", "message", "callback", "control"]);
const LINES = 200;

/**
 * What happened, newest first, a line each.
 *
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
export function log({ log, pausedLog, hiddenKinds }, words, act) {
  const lines = (pausedLog ?? log).filter(({ kind }) => !hiddenKinds.includes(kind)).slice(0, LINES);
  const seen = pausedLog?.[0]?.id ?? 0;
  const waiting = pausedLog ? log.findIndex(({ id }) => id === seen) : 0;
  return html`
    <section class="panel log" aria-labelledby="log-title">
      <div class="panel-head">
        <h2 id="log-title">${words.log.title}</h2>
        ${pausedLog ? html`<span class="hint">${words.log.waiting(waiting < 0 ? log.length : waiting)}</span>` : nothing}
        <button type="button" class="button" aria-pressed=${pausedLog ? "true" : "false"} @click=${act.pauseLog}>${pause()}${words.log.pause}</button>
      </div>
      <fieldset class="choices log-kinds">
        <legend class="sr-only">${words.log.show}</legend>
        ${KINDS.map((kind) => html`<label class="choice"><input type="checkbox" .checked=${!hiddenKinds.includes(kind)}
          @change=${() => act.toggleKind(kind)}><span>${words.log.kinds[kind]}</span></label>`)}
      </fieldset>
      <div class="log-lines" role="region" aria-label=${words.log.lines} tabindex="0">
        ${lines.length === 0 ? html`<p class="hint">${words.log.empty}</p>` : html`<ol>${repeat(lines, ({ id }) => id, (entry) => logLine(entry, words))}</ol>`}
      </div>
    </section>`;
}
