import { html, nothing } from "/_sim/ui/vendor/lit-html.js";
import { momentOf, secondOf } from "/_sim/ui/time.js";
import { whoAre, why } from "./names.js";

/** @import { User } from "/_sim/ui/types.js" */
/** @import { MessageStatus } from "./types.js" */
/** @import { Words } from "./words.js" */

/**
 * What became of one message.
 *
 * @param {MessageStatus} status
 * @param {User[]} users
 * @param {Words} words
 */
export function message(status, users, words) {
  const { n, to, channel = "template", state, attempts, updated_at, rid } = status;
  const says = words.results;
  // The state says that it arrived; the receipt's "success" says no more.
  const reason = state === "delivered" ? {} : status;
  return html`
    <li class="message-row" data-state=${state}>
      <span class="message-n">${n}</span>
      <p class="message-who">${whoAre([to], users, words)}</p>
      <p class="state" data-state=${state}>${words.states[state]}</p>
      <p class="message-how">
        <span>${words.card.channel[channel]}</span>
        <span>${says.attempts(attempts)}</span>
        <time datetime=${momentOf(updated_at)}>${secondOf(updated_at)}</time>
        ${rid ? html`<code class="message-rid">rid ${rid}</code>` : nothing}
      </p>
      <div class="message-why">${why(reason, words)}</div>
    </li>`;
}
