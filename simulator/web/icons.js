// Small drawings in the colour of the text around them. None says anything that the text does not.

import { svg } from "./vendor/lit-html.js";

/** @param {unknown} paths @param {string} [name] */
const icon = (paths, name = "") => svg`
  <svg class="icon ${name}" viewBox="0 0 16 16" aria-hidden="true" focusable="false" fill="none" stroke="currentColor"
    stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">${paths}</svg>`;

export const chevron = () => icon(svg`<path d="m6 3.5 4.5 4.500L6 12.5"/>`, "icon-chevron");
export const cross = () => icon(svg`<path d="m4 4 8 8m0-8-8 8"/>`);
export const copies = () => icon(svg`<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 3.500v-.2A.8.8 0 0 0 9.7 2.500H3.300a.8.8 0 0 0-.8.8v6.400c0 .4.4.8.8.8h.2"/>`, "icon-copies");
export const check = () => icon(svg`<path d="m3 8.5 3.3 3.300L13 5"/>`, "icon-check");
export const pause = () => icon(svg`<path d="M5.5 3.500v9m5-9v9"/>`);
export const forward = () => icon(svg`<path d="m3 4 4.5 4L3 12zm5.5 0L13 8l-4.5 4z"/>`);
export const envelope = () => icon(svg`<rect x="2" y="3.5" width="12" height="9" rx="1.5"/><path d="m2.5 4.5 5.5 4.3 5.5-4.3"/>`, "icon-envelope");

/** The mark of an account: a speech bubble for the Official Account, a loop for the mini-program. */
export const marks = {
  template: () => icon(svg`<path d="M8 2.800c-3.3 0-5.8 2.1-5.8 4.8 0 1.5.8 2.8 2 3.700l-.4 1.9 2.1-1.100c.7.2 1.4.3 2.1.3 3.3 0 5.8-2.1 5.8-4.800S11.3 2.8 8 2.800Z"/>`),
  subscribe: () => icon(svg`<path d="M8 9.800c0 1.6-1.3 2.7-2.8 2.700S2.5 11.6 2.5 10.300c0-1 .6-1.7 1.5-2M8 9.800V6.200c0-1.6 1.3-2.7 2.8-2.700s2.7.9 2.7 2.200c0 1-.6 1.7-1.5 2"/>`),
};

/** What a phone shows at the top right. */
export const statusIcons = () => svg`
  <svg class="phone-status-icons" viewBox="0 0 66 14" aria-hidden="true" focusable="false" fill="currentColor">
    <path d="M0 9.500h3V13H0zM4.5 7h3v6h-3zM9 4.500h3V13H9zM13.5 2h3v11h-3z"/>
    <path d="M28.5 11 31 13.500l2.5-2.500a3.6 3.6 0 0 0-5 0Zm-2.4-2.4 1.3 1.300a5.1 5.1 0 0 1 7.2 0l1.3-1.300a7 7 0 0 0-9.8 0Zm-2.4-2.400L25 7.500a8.5 8.5 0 0 1 12 0l1.3-1.300a10.4 10.4 0 0 0-14.6 0Z"/>
    <rect x="43.5" y="2.5" width="18" height="10" rx="2.5" fill="none" stroke="currentColor" opacity=".5"/>
    <rect x="45" y="4" width="15" height="7" rx="1.2"/><path d="M63 5.500v4a2 2 0 0 0 0-4Z" opacity=".5"/>
  </svg>`;
