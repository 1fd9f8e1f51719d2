// What each would get. Whoever would get the same stands above one card.

import { html } from "/_sim/ui/vendor/lit-html.js";
import { face } from "/_sim/ui/card.js";
import { grouped, misfits, whoAre } from "./names.js";

/** @import { User } from "/_sim/ui/types.js" */
/** @import { Channel, Face, Preview } from "./types.js" */
/** @import { Words } from "./words.js" */

/** @param {Preview[]} messages @param {User[]} users @param {Words} words */
export function previews(messages, users, words) {
  const alike = grouped(messages, ({ channel, card, problems }) => [channel, card, problems]);
  return html`<ul class="previews">${alike.map((group) => html`<li>${preview(group, users, words)}</li>`)}</ul>`;
}

/** @param {Preview[]} group @param {User[]} users @param {Words} words */
function preview(group, users, words) {
  const [{ channel, card, problems = [] }] = group;
  return html`
    <p class="preview-to">${whoAre(group.map(({ to }) => to), users, words)}
      <span class="badge">${words.card.channel[channel]}</span></p>
    ${shown(card, channel, words)}
    ${misfits(problems, words)}`;
}

/** The same look as on the phone. @param {Face} card @param {Channel} channel @param {Words} words */
function shown({ title, template_id, page, lines }, channel, words) {
  const labelled = lines.map(({ label, field, value }) => ({ label: label ?? field, field, value }));
  const message = { channel, title: title ?? template_id, lines: labelled, page: page ?? null, url: null };
  return html`<div class="preview-ground">${face(message, { words, level: 4 })}</div>`;
}
