// The inbox of all users, or of one, as a phone.

import { html, nothing } from "./vendor/lit-html.js";
import { repeat } from "./vendor/repeat.js";
import { card } from "./card.js";
import { twoStep } from "./controls.js";
import { cross, envelope, statusIcons } from "./icons.js";

/** @import { Message } from "./types.js" */
/** @import { Words } from "./words.js" */

/** So many cards are in the document at most. */
const CARDS = 100;

/**
 * @typedef {object} PhoneModel
 * @property {Words} words
 * @property {string} minute  The time on the phone
 * @property {string} today  As `dateOf` writes it
 * @property {Message[]} messages  Newest first, only those of the user that is shown.
 * @property {boolean} hasMore  Whether there may be older ones that are not in `messages`.
 * @property {{ user: number | null, from: string | null }} shown
 * @property {number[]} users  To choose from
 * @property {{ count: number, user: number, title: string, turn: number } | null} announcement
 * @property {{ template: string, subscribe: string }} [names]
 *
 * @typedef {object} PhoneActions
 * @property {(user: number | null) => unknown} showUser
 * @property {(from: string | null) => unknown} showFrom
 * @property {() => Promise<Message[]>} keepMore  Reads older ones, and gives all of them.
 * @property {() => unknown} clearMessages
 */

/**
 * @param {PhoneModel} model
 * @param {PhoneActions} act
 */
export function phone(model, act) {
  const { words, messages, shown } = model;
  const first = Math.max(0, messages.findIndex(({ id }) => id === shown.from));
  const cards = messages.slice(first, first + CARDS);
  const options = { words, today: model.today, names: model.names, showUser: act.showUser };
  return html`
    <section class="phone" aria-label=${words.phone.title}>
      <div class="phone-status"><span aria-hidden="true">${model.minute}</span>${statusIcons()}</div>
      <div class="phone-bar"><h2>${words.phone.title}</h2></div>
      ${strip(model, act)}
      <p class="sr-only" role="status">${announced(model)}</p>
      <div class="chat" role="region" aria-label=${words.phone.messages} tabindex="0">
        ${first > 0 ? html`<p class="chat-newest"><button type="button" class="button" @click=${turn(() => act.showFrom(null))}>
          ${words.phone.newest}${words.phone.newer(first)}</button></p>` : nothing}
        ${cards.length === 0 ? nobody(model) : html`<ol class="messages">${repeat(cards, ({ id }) => id, (message) => card(message, options))}</ol>`}
        ${older(model, act, first + CARDS)}
      </div>
    </section>`;
}

/**
 * @param {PhoneModel} model
 * @param {PhoneActions} act
 */
function strip({ words, messages, shown, users, hasMore }, act) {
  const choose = ({ target }) => act.showUser(target.value === "" ? null : Number(target.value));
  // The button goes away: the focus goes to the choice that it undid.
  const showAll = (/** @type {Event} */ { currentTarget }) => {
    const button = /** @type {HTMLElement} */ (currentTarget);
    button.parentElement?.querySelector("select")?.focus();
    act.showUser(null);
  };
  const count = words.number(messages.length) + (hasMore ? "+" : "");
  const choices = shown.user === null || users.includes(shown.user) ? users : [...users, shown.user];
  return html`
    <div class="phone-strip">
      <select class="field" aria-label=${words.phone.filter} @change=${choose}>
        <option value="" .selected=${shown.user === null}>${words.phone.everybody}</option>
        ${repeat(choices, (user) => user, (user) => html`<option value=${user} .selected=${user === shown.user}>${words.user(user)}</option>`)}
      </select>
      ${shown.user === null ? nothing : html`<button type="button" class="button button-quiet button-icon" aria-label=${words.phone.all} title=${words.phone.all}
        @click=${showAll}>${cross()}</button>`}
      <span class="phone-count">${words.phone.count(count)}</span>
      ${twoStep({ label: words.phone.clear, sure: words.phone.clearSure, act: act.clearMessages })}
    </div>`;
}

/** @param {PhoneModel} model */
function nobody({ words, shown }) {
  const said = shown.user === null ? words.phone.empty : words.phone.emptyHere(shown.user);
  return html`<div class="chat-empty">${envelope()}<p>${said}</p><p class="hint">${words.phone.emptyHint}</p></div>`;
}

/**
 * @param {PhoneModel} model
 * @param {PhoneActions} act
 * @param {number} next  Where the older ones begin
 */
function older({ words, messages, hasMore }, act, next) {
  const isKept = next < messages.length;
  if (!isKept && !(hasMore && messages.length > 0)) return nothing;
  const show = async () => {
    const { id } = (isKept ? messages : await act.keepMore())[next] ?? {};
    if (id) act.showFrom(id);
  };
  return html`<p class="chat-older"><button type="button" class="button" @click=${turn(show)}>${words.phone.older}</button></p>`;
}

/**
 * Turns to other cards, and to their beginning. The button that was pressed is gone then: the focus goes to the list.
 *
 * @param {() => unknown} show
 */
const turn = (show) => async (/** @type {Event} */ { currentTarget }) => {
  const chat = /** @type {HTMLElement} */ (currentTarget).closest(".chat");
  await show();
  requestAnimationFrame(() => {
    chat?.scrollTo(0, 0);
    /** @type {HTMLElement} */ (chat)?.focus({ preventScroll: true });
  });
};

/** A sentence said twice is heard twice only if it differs. @param {PhoneModel} model */
function announced({ words, announcement }) {
  if (!announcement) return "";
  const { count, user, title, turn } = announcement;
  const said = count === 1 ? words.phone.arrived(user, title) : words.phone.arrivedMany(count);
  return turn % 2 === 0 ? said : `${said}\u00a0`;
}
