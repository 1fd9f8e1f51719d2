// To whom: the users who logged in, and whoever somebody types.

import { html, nothing } from "/_sim/ui/vendor/lit-html.js";
import { leaveTo } from "/_sim/ui/controls.js";
import { shortened } from "/_sim/ui/ids.js";
import { repeat } from "/_sim/ui/vendor/repeat.js";
import { loggedInOf } from "./state.js";

/** @import { User } from "/_sim/ui/types.js" */
/** @import { Actions } from "./actions.js" */
/** @import { State } from "./state.js" */
/** @import { Words } from "./words.js" */

/**
 * @param {State} state
 * @param {string | undefined} fallback  The template of which credits count.
 * @param {Words} words
 * @param {Actions} act
 */
export function recipients(state, fallback, words, act) {
  const says = words.compose;
  const { draft, lacksRecipient } = state;
  const row = (/** @type {User} */ user) => recipient(user, draft.ticked.includes(user.mini_openid), fallback, words, act);
  return html`
    <fieldset class="compose-part" aria-describedby=${lacksRecipient ? "lacks-recipient" : nothing}>
      <legend>${says.to}</legend>
      ${state.hasPhone ? html`<div class="recipients">${repeat(loggedInOf(state), ({ user }) => user, row)}${nobody(state, words, act)}</div>` : nothing}
      <label class="typed"><span>${state.hasPhone ? says.typed : says.typedAlone}</span>
        <input class="field" id="typed" autocomplete="off" spellcheck="false" placeholder=${says.typedHint} .value=${draft.typed}
          @input=${(/** @type {any} */ { target }) => act.draft({ typed: target.value })}></label>
      <p class="lacks" id="lacks-recipient" role="alert">${lacksRecipient ? says.lacksRecipient : nothing}</p>
    </fieldset>`;
}

/**
 * @param {User} user
 * @param {boolean} isTicked
 * @param {string | undefined} fallback
 * @param {Words} words
 * @param {Actions} act
 */
function recipient(user, isTicked, fallback, words, act) {
  const { badges, credits } = words.users;
  const credit = (fallback && user.credits[fallback]) || 0;
  return html`
    <label class="recipient">
      <input type="checkbox" .checked=${isTicked} @change=${(/** @type {any} */ { target }) => act.tick(user.mini_openid, target.checked)}>
      <span class="recipient-name">${words.user(user.user)}</span>
      <span class="badges">
        ${user.following ? html`<span class="badge is-good">${badges.following}</span>` : html`<span class="badge">${words.compose.followsNot}</span>`}
        ${credit > 0 ? html`<span class="badge">${credits(credit)}</span>` : nothing}
        ${user.blocks ? html`<span class="badge is-bad">${badges.blocks}</span>` : nothing}
        ${user.refuses ? html`<span class="badge is-bad">${badges.refuses}</span>` : nothing}
      </span>
      <code class="recipient-id" title=${user.mini_openid}>${shortened(user.mini_openid)}</code>
    </label>`;
}

/**
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
function nobody(state, words, act) {
  if (loggedInOf(state).length > 0) return nothing;
  return html`<p class="recipients-none"><span>${words.compose.nobody}</span>
    <button type="button" class="button" @click=${leaveTo(".recipients", "input", () => act.login(0))}>${words.steps.names.login}</button></p>`;
}
