// The first users, and those that were added: who they are, and what they may do.

import { html } from "./vendor/lit-html.js";
import { repeat } from "./vendor/repeat.js";
import { userRow } from "./user-row.js";

/** @import { Note, Template, User } from "./types.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} UsersModel
 * @property {Words} words
 * @property {User[]} users
 * @property {number[]} added
 * @property {Record<number, Note>} notes
 * @property {Template[]} templates
 * @property {string} templateToAllow  An id; empty is the mini-program's first.
 *
 * @typedef {object} UsersActions
 * @property {(user: number) => Promise<unknown>} login
 * @property {(user: number, action: string) => Promise<unknown>} onUser
 * @property {(user: number, template: string) => Promise<unknown>} giveCredit
 * @property {(user: number) => unknown} dismissNote
 * @property {(template: string) => unknown} allow
 * @property {(id: string) => Promise<unknown>} addUser
 * @property {(user: number) => unknown} hideUser
 * @property {(user: number) => unknown} showUser
 */

/**
 * @param {UsersModel} model
 * @param {UsersActions} act
 */
export function users(model, act) {
  const { words, added, notes } = model;
  const templates = model.templates.filter(({ account }) => account === "mini");
  const template = templates.find(({ id }) => id === model.templateToAllow) ?? templates[0];
  const row = (/** @type {User} */ user) =>
    userRow({ words, user, note: notes[user.user], isAdded: added.includes(user.user), template: template?.id, templates }, act);
  return html`
    <section class="panel users" aria-labelledby="users-title">
      <div class="panel-head">
        <h2 id="users-title">${words.users.title}</h2>
        <form class="users-add" aria-label=${words.users.add} @submit=${add(act)}>
          <label class="sr-only" for="users-add">${words.users.addId}</label>
          <input class="field" id="users-add" name="id" required autocomplete="off" spellcheck="false" placeholder=${words.users.addHint}>
          <button class="button" aria-label=${words.users.add}>${words.users.addButton}</button>
        </form>
      </div>
      <label class="users-template">
        <span>${words.users.template}</span>
        <select class="field" @change=${({ target }) => act.allow(target.value)} ?disabled=${templates.length === 0}>
          ${templates.length === 0 ? html`<option>${words.users.noTemplates}</option>` : ""}
          ${templates.map(({ id, title }) => html`<option value=${id} lang="zh-CN" .selected=${id === template.id}>${title}</option>`)}
        </select>
      </label>
      ${model.users.length === 0 ? html`<p class="hint">${words.users.empty}</p>` : html`<ul class="rows">${repeat(model.users, ({ user }) => user, row)}</ul>`}
    </section>`;
}

/** @param {UsersActions} act */
const add = (act) => async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  const id = String(new FormData(form).get("id")).trim();
  if (id !== "" && (await act.addUser(id)) !== null) form.reset();
};
