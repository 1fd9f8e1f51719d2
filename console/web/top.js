// The header, the headings of the panes, and the switch between them where there is room for one.

import { html, nothing, svg } from "/_sim/ui/vendor/lit-html.js";
import { copyable } from "/_sim/ui/controls.js";

/** @import { PaneName, State } from "./state.js" */
/** @import { Words } from "./words.js" */

/** @type {PaneName[]} */
const PANES = ["backend", "results", "phone"];

const mark = () => svg`
  <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8"/>
    <path d="M5.5 22.500C8 14.8 11.5 11 16 11s8 3.8 10.5 11.500M11 14v8.500M16 11v11.500M21 14v8.5"/>
  </svg>`;

/**
 * @param {State} state
 * @param {Words} words
 * @param {() => unknown} switchLanguage
 */
export const top = ({ connection, gateway, hasPhone }, words, switchLanguage) => html`
  <h1 class="brand">${mark()}<span lang="zh-CN">鹊桥</span> <span lang="en">Queqiao</span></h1>
  ${hasPhone ? html`<p class="connection" data-connection=${connection} role="status">${words.top.connection[connection]}</p>` : nothing}
  <p class="gateway"><span>${words.gateway}</span>
    ${copyable({ text: gateway, shown: gateway, name: words.copy(words.gatewayAddress), copied: words.copied })}</p>
  <button type="button" class="button button-quiet" lang=${words.top.otherTag} @click=${switchLanguage}>${words.top.other}</button>`;

/** @param {PaneName} name @param {Words} words */
export const paneHead = (name, { panes }) => html`
  <span class="pane-number" aria-hidden="true">${PANES.indexOf(name) + 1}</span>
  <h2 id="pane-${name}" tabindex="-1">${panes[name].title}</h2>
  <p class="hint">${panes[name].hint}</p>`;

/**
 * @param {PaneName} shown
 * @param {Record<PaneName, boolean>} hasNews
 * @param {Words} words
 * @param {(pane: PaneName) => unknown} show
 */
export const paneSwitch = (shown, hasNews, { panes }, show) => html`
  <nav class="switch-panes" aria-label=${panes.choose}>
    ${PANES.map(
      (name, index) => html`<button type="button" aria-pressed=${shown === name ? "true" : "false"} @click=${() => show(name)}>
        <span class="pane-number" aria-hidden="true">${index + 1}</span>${panes[name].short}
        ${hasNews[name] && shown !== name ? html`<span class="news"><span class="sr-only">${panes.news}</span></span>` : nothing}
      </button>`,
    )}
  </nav>`;

/** @param {Words} words */
export const noPhone = ({ panes }) => html`
  <div class="results-empty"><p>${panes.noPhone}</p><p class="hint">${panes.noPhoneHint}</p></div>`;

/** Why there is little to be seen. @param {unknown} why */
export const trouble = (why) => html`<div role="alert"><p class="problem">${why}</p></div>`;
