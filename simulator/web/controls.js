// Buttons that have a moment of their own, which is nobody else's business.

import { html } from "./vendor/lit-html.js";
import { check, copies } from "./icons.js";

const COPIED = 1600;

/** @type {WeakMap<HTMLElement, ReturnType<typeof setTimeout>>} */
const timers = new WeakMap();

/** @param {HTMLElement} button @param {"armed" | "copied"} moment */
const begin = (button, moment) => (button.dataset.moment = moment);

/** @param {HTMLElement} button */
const end = (button) => delete button.dataset.moment;

/** @param {Event} event */
const buttonOf = (event) => /** @type {HTMLElement} */ (event.currentTarget);

/**
 * A button that asks once before it acts, in its own place, for as long as somebody is there.
 *
 * @param {{ label: string, sure: string, act: () => unknown }} options
 */
export function twoStep({ label, sure, act }) {
  const press = (/** @type {Event} */ event) => {
    const button = buttonOf(event);
    if (button.dataset.moment === "armed") {
      end(button);
      return act();
    }
    begin(button, "armed");
    // Not every browser's press does that, and whoever was not there does not leave.
    button.focus();
  };
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") end(buttonOf(event));
  };
  return html`
    <button type="button" class="button button-quiet two-step" @click=${press} @blur=${(/** @type {Event} */ event) => end(buttonOf(event))} @keydown=${escape}>
      <span aria-live="polite"><span class="two-step-label">${label}</span><span class="two-step-sure">${sure}</span></span>
    </button>`;
}

/**
 * A text with a button that copies all of it.
 *
 * @param {{ text: string, shown: string, name: string, copied: string }} options
 */
export function copyable({ text, shown, name, copied }) {
  const press = async (/** @type {Event} */ event) => {
    const button = buttonOf(event);
    await navigator.clipboard.writeText(text);
    begin(button, "copied");
    clearTimeout(timers.get(button));
    timers.set(button, setTimeout(() => end(button), COPIED));
  };
  return html`
    <span class="copyable"><code title=${text}>${shown}</code><button type="button" class="copy" aria-label=${name} title=${name} @click=${press}>
      ${copies()}${check()}<span role="status"><span class="copy-done sr-only">${copied}</span></span>
    </button></span>`;
}

/**
 * A button, or a form, that takes no second press until what it does is done.
 *
 * @template {Event} E
 * @param {(event: E) => unknown} act
 */
export const once = (act) => async (/** @type {E} */ event) => {
  const button = buttonOf(event);
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  try {
    await act(event);
  } finally {
    button.ariaBusy = null;
  }
};

/**
 * A button that may be gone once it is pressed: the focus, which would go with it, goes on.
 *
 * @param {string} part  What stays of that which has the button in it.
 * @param {string} next  What is next there; empty is the part itself.
 * @param {(event: Event) => unknown} act
 */
export const leaveTo = (part, next, act) =>
  once(async (event) => {
    const button = buttonOf(event);
    const stays = /** @type {HTMLElement} */ (button.closest(part));
    await act(event);
    requestAnimationFrame(() => {
      const isLost = !button.isConnected && document.activeElement === document.body;
      if (isLost) /** @type {HTMLElement | null} */ (next ? stays.querySelector(next) : stays)?.focus();
    });
  });

/**
 * @param {{ name: string, isOn: boolean, flip: (event: Event) => unknown }} options
 */
export const toggle = ({ name, isOn, flip }) => html`
  <button type="button" role="switch" class="switch" aria-checked=${isOn ? "true" : "false"} aria-label=${name} @click=${flip}>
    <span class="switch-thumb"></span>
  </button>`;
