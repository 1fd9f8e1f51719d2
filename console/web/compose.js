// The form of a notification, as the catalog has it.

import { html, nothing } from "/_sim/ui/vendor/lit-html.js";
import { leaveTo, once } from "/_sim/ui/controls.js";
import { repeat } from "/_sim/ui/vendor/repeat.js";
import { kindOf } from "./catalog.js";
import { misfits } from "./names.js";
import { recipients } from "./recipients.js";
import { chosenIn, notificationsIn, recipientsIn } from "./state.js";

/** @import { Actions } from "./actions.js" */
/** @import { Field, Notification } from "./catalog.js" */
/** @import { State } from "./state.js" */
/** @import { Words } from "./words.js" */

/**
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
export function compose(state, words, act) {
  const says = words.compose;
  const chosen = chosenIn(state);
  return html`
    <form class="panel compose" aria-labelledby="compose-title" @submit=${submit(act)} novalidate>
      <div class="panel-head">
        <h3 id="compose-title">${says.title}</h3>
        <button type="button" class="button" @click=${act.fillIn} ?disabled=${!chosen}>${says.fillIn}</button>
      </div>
      <div class="compose-parts">
        ${choice(state, chosen, words, act)}
        ${recipients(state, chosen?.fallback, words, act)}
        ${chosen ? data(chosen, state, words, act) : nothing}
      </div>
      <div class="compose-acts">
        <p class="hint">${says.count(recipientsIn(state).length)}</p>
        <button class="button" value="dry_run" title=${says.dryRunHint}>${says.dryRun}</button>
        <button class="button button-main" value="send">${says.send}</button>
      </div>
    </form>`;
}

/** Return in a field makes a dry run, which does no harm. @param {Actions} act */
function submit(act) {
  const isSend = (/** @type {SubmitEvent} */ { submitter }) => /** @type {HTMLButtonElement | null} */ (submitter)?.value === "send";
  const press = once((/** @type {SubmitEvent} */ event) => (isSend(event) ? act.send() : act.dryRun()));
  return (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    press(event);
  };
}

/**
 * @param {State} state
 * @param {Notification | undefined} chosen
 * @param {Words} words
 * @param {Actions} act
 */
function choice(state, chosen, words, act) {
  const says = words.compose;
  if (state.entries === null) {
    return html`<p class="compose-part unread"><span>${says.unread}</span> <button type="button" class="button" @click=${leaveTo(".compose", "#notification", act.readCatalog)}>${says.again}</button></p>`;
  }
  const notifications = notificationsIn(state);
  if (notifications.length === 0) return html`<p class="compose-part hint">${says.empty}</p>`;
  return html`
    <div class="compose-part">
      <label class="compose-label" for="notification">${says.notification}</label>
      <select class="field" id="notification" @change=${(/** @type {any} */ { target }) => act.draft({ notification: target.value })}>
        ${repeat(notifications, ({ name }) => name, ({ name, title }) => html`<option value=${name} .selected=${name === chosen?.name}>${title ? `${title} · ${name}` : name}</option>`)}
      </select>
      ${misfits(chosen?.problems ?? [], words)}
    </div>`;
}

/**
 * @param {Notification} notification
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
function data({ fields }, { draft }, words, act) {
  if (fields.length === 0) return nothing;
  const field = (/** @type {Field} */ one) => datum(one, draft.values, words, act);
  return html`
    <fieldset class="compose-part">
      <legend>${words.compose.data}</legend>
      <div class="data">${repeat(fields, ({ name }) => name, field)}</div>
    </fieldset>`;
}

/**
 * @param {Field} field
 * @param {Record<string, string>} values
 * @param {Words} words
 * @param {Actions} act
 */
function datum(field, values, words, act) {
  const { name, label } = field;
  const id = `datum-${encodeURIComponent(name)}`;
  const list = field.values?.length ? `${id}-values` : nothing;
  const type = (/** @type {any} */ { target }) => act.datum(name, target.value);
  return html`
    <div class="datum">
      <label for=${id}>${label ? html`<span lang="zh-CN">${label}</span> <code>${name}</code>` : html`<code>${name}</code>`}</label>
      <input class="field" id=${id} data-name=${name} autocomplete="off" list=${list} aria-describedby="${id}-hint" .value=${values[name] ?? ""} @input=${type}>
      ${field.values?.length ? html`<datalist id=${list}>${field.values.map((value) => html`<option value=${value}></option>`)}</datalist>` : nothing}
      <p class="datum-hint" id="${id}-hint">${hint(field, words)}</p>
    </div>`;
}

/** @param {Field} field @param {Words} words */
function hint({ field, format, page }, { compose, kinds }) {
  if (!field) return html`${compose.inPage} <code>${page}</code>`;
  const said = format === "fen" ? compose.inFen : kinds[kindOf(field)];
  return html`<code>${field}</code> ${said ?? nothing}`;
}
