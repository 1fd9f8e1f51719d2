// The fields beside the switches. Nobody holds their values but they themselves: they are read when a switch is flipped.

import { html } from "./vendor/lit-html.js";

/** @import { Words } from "./words.js" */

/** @typedef {{ endpoint?: string, share?: number, delivered?: number, latency?: number, seconds?: number, errcode?: number }} Values */
/** @typedef {{ words: Words, endpoints: string[], defaults: Values }} FieldModel */

/** Errcodes to choose from; any other can be typed. */
const ERRCODES = [45009, 45011, 40001, 42001, 40003, 43004, 43101, 40037, 47003, 48001, 50002];

/** @type {Record<string, (model: FieldModel) => unknown>} */
export const FIELDS = {
  endpoint: ({ words: { faults }, endpoints, defaults }) => html`
    <label class="labelled is-wide"><span>${faults.endpoint}</span>
      <select class="field" name="endpoint">
        <option value="*">${faults.everywhere}</option>
        ${endpoints.map((path) => html`<option value=${path} ?selected=${path === defaults.endpoint}>${path}</option>`)}
      </select></label>`,
  errcode: ({ words: { faults, errcodes } }) => html`
    <label class="labelled is-wide"><span>${faults.errcode}</span>
      <select class="field" name="errcode">${ERRCODES.map((code) => html`<option value=${code}>${code} ${errcodes[code]}</option>`)}</select></label>
    <label class="labelled"><span>${faults.ownErrcode}</span>
      <input class="field" name="ownErrcode" type="number" step="1" title=${faults.ownErrcodeHint}></label>`,
  share: ({ words: { faults }, defaults }) => number(faults.share, "share", { min: 1, max: 100, value: defaults.share ?? 100, unit: "%" }),
  delivered: ({ words: { faults } }) => number(faults.delivered, "delivered", { min: 0, max: 100, value: 0, unit: "%", title: faults.deliveredHint }),
  latency: ({ words: { faults }, defaults }) => number(faults.latency, "latency", { min: 1, max: 600_000, value: defaults.latency ?? 1500, unit: faults.ms }),
  seconds: ({ words: { faults }, defaults }) => number(faults.latency, "seconds", { min: 1, max: 86_400, value: defaults.seconds ?? 5, unit: faults.seconds }),
};

/**
 * @param {string} label
 * @param {string} name
 * @param {{ min: number, max: number, value: number, unit: string, title?: string }} options
 */
const number = (label, name, { min, max, value, unit, title = "" }) => html`
  <label class="labelled" title=${title}><span>${label}</span>
    <span class="measure"><input class="field" name=${name} type="number" step="1" min=${min} max=${max} value=${value} required><span>${unit}</span></span></label>`;

/** @param {HTMLFormElement} form @returns {Values} */
export function valuesOf(form) {
  const { endpoint, errcode, ownErrcode, share, delivered, latency, seconds } = Object.fromEntries(new FormData(form));
  return {
    endpoint: endpoint === undefined ? undefined : String(endpoint),
    errcode: Number(ownErrcode || errcode),
    share: Number(share) / 100,
    delivered: Number(delivered) / 100,
    latency: Number(latency),
    seconds: Number(seconds),
  };
}
