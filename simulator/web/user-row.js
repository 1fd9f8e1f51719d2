import { html, nothing } from "./vendor/lit-html.js";
import { copyable, leaveTo, once } from "./controls.js";
import { cross } from "./icons.js";
import { shortened } from "./ids.js";

/** @import { Note, Template, User } from "./types.js" */
/** @import { UsersActions } from "./users.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} RowModel
 * @property {Words} words
 * @property {User} user
 * @property {Note} [note]
 * @property {boolean} isAdded
 * @property {string} [template]  The one that is allowed next
 * @property {Template[]} templates  The mini-program's
 */

/**
 * @param {RowModel} model
 * @param {UsersActions} act
 */
export function userRow(model, act) {
  const { words, user } = model;
  const name = words.user(user.user);
  return html`
    <li class="row user" data-user=${user.user}>
      <span class="avatar" aria-hidden="true">${user.user}</span>
      <div class="user-line"><h3>${name}</h3>${badges(model)}</div>
      <div class="user-ids">${ids(model)}</div>
      ${taps(model, act)}
      <div class="user-note-place" role="status">${note(model, act)}</div>
    </li>`;
}

/** @param {RowModel} model */
function badges({ words, user, templates }) {
  const { badges, credits } = words.users;
  const said = [
    user.logged_in && html`<li class="badge is-good" title=${user.has_session ? badges.has_session : ""}>${badges.logged_in}</li>`,
    user.following && html`<li class="badge is-good">${badges.following}</li>`,
    user.unionid && html`<li class="badge">${badges.unionid}</li>`,
    user.refuses && html`<li class="badge is-bad">${badges.refuses}</li>`,
    user.blocks && html`<li class="badge is-bad">${badges.blocks}</li>`,
  ].filter(Boolean);
  const left = Object.entries(user.credits).filter(([, count]) => count > 0);
  const titles = left.map(([id, count]) => `${templates.find((template) => template.id === id)?.title ?? id} ${count}`);
  const total = left.reduce((sum, [, count]) => sum + count, 0);
  return html`<ul class="badges">${said}${total > 0 ? html`<li class="badge" title=${titles.join(words.list)}>${credits(total)}</li>` : nothing}</ul>`;
}

/** @param {RowModel} model */
function ids({ words, user }) {
  return /** @type {const} */ (["mini_openid", "oa_openid", "unionid"]).map((kind) => {
    const id = user[kind];
    if (!id) return nothing;
    const what = words.users.ids[kind];
    return html`<span class="user-id"><span aria-hidden="true">${words.users.shortIds[kind]}</span>
      ${copyable({ text: id, shown: shortened(id), name: words.users.of(words.copy(what), user.user), copied: words.copied })}</span>`;
  });
}

/**
 * @param {RowModel} model
 * @param {UsersActions} act
 */
function taps({ words, user: { user, following, blocks, refuses, hides_unionid }, isAdded, template }, act) {
  const says = words.users;
  const button = (/** @type {string} */ label, /** @type {(event: Event) => unknown} */ press) =>
    html`<button type="button" class="button" aria-label=${says.of(label, user)} @click=${press}>${label}</button>`;
  const tap = (/** @type {string} */ label, /** @type {() => unknown} */ does) => button(label, once(does));
  const does = (/** @type {string} */ action) => () => act.onUser(user, action);
  return html`
    <div class="user-taps" role="group" aria-label=${words.user(user)}>
      ${tap(says.login, () => act.login(user))}
      ${following ? tap(says.unfollow, does("unfollow")) : tap(says.follow, does("follow"))}
      ${blocks ? tap(says.unblock, does("accept")) : tap(says.block, does("block"))}
      ${template ? tap(says.credit, () => act.giveCredit(user, template)) : nothing}
      <details class="user-more">
        <summary class="button" aria-label=${says.of(says.more, user)}>${says.more}</summary>
        <div class="user-more-taps">
          ${refuses ? tap(says.accept, does("accept")) : tap(says.refuse, does("refuse"))}
          ${hides_unionid ? tap(says.showUnionid, does("show-unionid")) : tap(says.hideUnionid, does("hide-unionid"))}
          ${tap(says.scan, does("scan"))}
          ${tap(says.only, () => act.showUser(user))}
          ${isAdded ? button(says.hide, leaveTo(".users", "#users-add", () => act.hideUser(user))) : nothing}
        </div>
      </details>
    </div>`;
}

/**
 * What came of the last tap.
 *
 * @param {RowModel} model
 * @param {UsersActions} act
 */
function note({ words, user: { user }, note }, act) {
  if (!note) return nothing;
  const says = words.users;
  return html`
    <div class="user-note">
      <dl>
        ${note.kind === "credit" && note.result ? fact(says.result, told(note.result)) : nothing}
        ${note.backend ? fact(says.backend, `HTTP ${note.backend.status} ${told(note.backend.body)}`) : nothing}
        ${note.kind === "login" && !note.backend && note.code
          ? html`<div><dt>${says.code}</dt><dd>${copyable({ text: note.code, shown: note.code, name: says.of(words.copy(says.codeName), user), copied: words.copied })}</dd></div>`
          : nothing}
      </dl>
      <button type="button" class="button button-quiet button-icon" aria-label=${says.of(words.dismiss, user)}
        @click=${leaveTo(".user", ".user-taps button", () => act.dismissNote(user))}>${cross()}</button>
    </div>`;
}

/** @param {string} name @param {string} text */
const fact = (name, text) => html`<div><dt>${name}</dt><dd><code>${text}</code></dd></div>`;

/** @param {unknown} body */
const told = (body) => (body === null || body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body));
