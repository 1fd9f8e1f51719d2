// One message as WeChat shows it, and under it what WeChat does not show.

import { html, nothing } from "./vendor/lit-html.js";
import { chevron, marks } from "./icons.js";
import { momentOf, stampOf } from "./time.js";

/** @import { Message } from "./types.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} CardOptions
 * @property {Words} words
 * @property {string} today  As `dateOf` writes it
 * @property {{ template: string, subscribe: string }} [names]  What the two accounts are called, if not by what they are.
 * @property {(user: number) => unknown} [showUser]  Without it, the user is just named.
 */

/**
 * @param {Message} message
 * @param {CardOptions} options
 */
export function card(message, options) {
  const { words, today } = options;
  return html`
    <li class="message ${message.fresh ? "is-fresh" : ""}" data-id=${message.id}>
      <time class="stamp" datetime=${momentOf(message.at)}>${stampOf(message.at, today, words.card.day)}</time>
      ${face(message, options)}
      ${trace(message, options)}
    </li>`;
}

/**
 * What WeChat shows of a message.
 *
 * @param {Pick<Message, "channel" | "title" | "lines" | "page" | "url">} message
 * @param {Pick<CardOptions, "words" | "names"> & { level?: number }} options  `level` is the heading's.
 */
export function face(message, { words, names = words.card.sender, level = 3 }) {
  const { channel, title, lines } = message;
  return html`
    <article class="card">
      <p class="card-sender"><span class="card-mark">${marks[channel]()}</span>${names[channel]}</p>
      <p class="card-title" role="heading" aria-level=${level} lang="zh-CN">${title}</p>
      <dl class="card-lines" lang="zh-CN">
        ${lines.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
      </dl>
      ${opening(message, words)}
    </article>`;
}

/**
 * What a tap would open. Nothing is opened here, so it is no link.
 *
 * @param {Message} message
 * @param {Words} words
 */
function opening({ page, url }, words) {
  const where = page ?? url;
  if (!where) return nothing;
  return html`
    <div class="card-opening" title=${words.card.wouldOpen(where)}>
      <p class="card-open">${page ? words.card.openMini : words.card.openUrl}${chevron()}</p>
      <p class="card-where"><span class="sr-only">${words.card.wouldOpen("")}</span><code>${where}</code></p>
    </div>`;
}

/**
 * @param {Message} message
 * @param {CardOptions} options
 */
function trace(message, { words, showUser }) {
  const { user, channel, id, receipt } = message;
  const name = words.user(user);
  const only = words.card.only(user);
  return html`
    <div class="trace">
      <p class="trace-line">
        ${showUser ? html`<button type="button" class="trace-user" title=${only} aria-label=${only} @click=${() => showUser(user)}>${name}</button>` : name}
        <span>${words.card.channel[channel]}</span>
        ${origin(message, words)}
      </p>
      <p class="trace-line">
        <code>errcode 0, msgid ${id}</code>
        <span class="receipt" data-receipt=${receipt ?? "none"}>${words.card.receipt[receipt ?? "none"]}</span>
      </p>
    </div>`;
}

/**
 * The batch and number that a `client_msg_id` is made of, `<batch>-<n>` or `<batch>-<n>r<round>`.
 *
 * @param {Message} message
 * @param {Words} words
 */
function origin({ client_msg_id }, { card }) {
  if (client_msg_id === null) return nothing;
  const parts = /^(.+)-(\d+)(?:r(\d+))?$/.exec(client_msg_id);
  if (!parts) return html`<code>${client_msg_id}</code>`;
  const [, batch, number, round] = parts;
  return html`
    <span>${card.batch} <code>${batch}</code></span>
    <span>${card.nth(number)}</span>
    ${round ? html`<span>${card.round(round)}</span>` : nothing}`;
}
