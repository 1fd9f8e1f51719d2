import { html, nothing } from "./vendor/lit-html.js";
import { live } from "./vendor/live.js";
import { repeat } from "./vendor/repeat.js";
import { leaveTo, once, toggle } from "./controls.js";
import { endpointsOf } from "./endpoints.js";
import { FIELDS, valuesOf } from "./fault-fields.js";
import { SWITCHES } from "./fault-switches.js";
import { chevron, cross } from "./icons.js";
import { inForce } from "./in-force.js";

/** @import { FaultActions } from "./fault-actions.js" */
/** @import { Switch } from "./fault-switches.js" */
/** @import { State } from "./state.js" */
/** @import { Words } from "./words.js" */

/**
 * What goes wrong on demand: what is in force, and the switches for the usual.
 *
 * @param {State} state
 * @param {Words} words
 * @param {FaultActions} act
 */
export function faults(state, words, act) {
  const endpoints = endpointsOf(state.stats, state.quota);
  const rows = (/** @type {Switch["group"]} */ of) =>
    SWITCHES.filter(({ group }) => group === of).map((one) => switchRow(one, state, words, endpoints, act));
  return html`
    <section class="panel faults" aria-labelledby="faults-title">
      <div class="panel-head"><h2 id="faults-title">${words.faults.title}</h2></div>
      ${inForceList(state, words, act)}
      <div class="rows">${rows("endpoints")}${rotation(state, words, act)}${whitelist(state, words, act)}${rows("account")}</div>
    </section>`;
}

/**
 * @param {State} state
 * @param {Words} words
 * @param {FaultActions} act
 */
function inForceList(state, words, act) {
  const list = inForce(state, words, act);
  return html`
    <div class="in-force" role="group" tabindex="-1" aria-label=${words.faults.inForce}>
      ${list.length === 0
        ? html`<p class="in-force-none">${words.faults.allFine}</p>`
        : html`
            <div class="in-force-head"><h3>${words.faults.inForce} <span class="number">${list.length}</span></h3>
              <button type="button" class="button" @click=${leaveTo(".in-force", "", act.liftAll)}>${words.faults.liftAll}</button></div>
            <ul>${repeat(list, ({ key }) => key, ({ where, what, lift }) => html`
              <li><span><span class="in-force-where">${where}</span> <span class="in-force-what">${what}</span></span>
                <button type="button" class="button button-quiet button-icon" aria-label="${words.remove} ${where} ${what}" title=${words.remove}
                  @click=${leaveTo(".in-force", "", lift)}>${cross()}</button></li>`)}
            </ul>`}
    </div>`;
}

/**
 * @param {Switch} one
 * @param {State} state
 * @param {Words} words
 * @param {string[]} endpoints
 * @param {FaultActions} act
 */
function switchRow({ kind, fields, defaults, isOn, turnOn, turnOff }, state, words, endpoints, act) {
  const [name, hint] = words.faults.on[kind];
  const on = isOn(state);
  const isOpen = state.openFaults.includes(kind);
  const order = (/** @type {Event} */ event) => {
    const form = /** @type {HTMLElement} */ (event.currentTarget).closest("form");
    act.open(kind, true);
    if (form?.reportValidity()) return turnOn(valuesOf(form), act);
  };
  const flip = (/** @type {Event} */ event) => (on ? turnOff(state, act) : order(event));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!on) order(event);
  };
  // A value that is changed while the switch is on holds at once.
  return html`
    <form class="row fault ${on ? "is-on" : ""}" data-fault=${kind} aria-labelledby=${titleOf(kind)} @submit=${submit} @change=${on ? order : nothing} novalidate>
      ${heading(kind, name, hint)}
      <button type="button" class="button button-quiet fault-settings" aria-expanded=${isOpen ? "true" : "false"} aria-label=${words.faults.settingsOf(name)}
        @click=${() => act.open(kind, !isOpen)}>${words.faults.settings}${chevron()}</button>
      ${toggle({ name, isOn: on, flip })}
      <div class="fault-fields" ?hidden=${!isOpen}>${fields.map((field) => FIELDS[field]({ words, endpoints, defaults }))}<button class="sr-only" tabindex="-1" aria-hidden="true"></button></div>
    </form>`;
}

/** @param {string} kind */
const titleOf = (kind) => `fault-title-${kind}`;

/** @param {string} kind @param {string} name @param {string} hint */
const heading = (kind, name, hint) => html`<div class="fault-name"><h3 id=${titleOf(kind)}>${name}</h3><p class="hint">${hint}</p></div>`;

/**
 * @param {State} state
 * @param {Words} words
 * @param {FaultActions} act
 */
function rotation({ rotated }, { faults }, act) {
  const [name, hint] = faults.on.rotate;
  return html`
    <div class="row fault">
      ${heading("rotate", name, hint)}
      <button type="button" class="button" @click=${once(act.rotate)}>${faults.rotate}</button>
      <p class="fault-said" role="status" .textContent=${[rotated > 0 && faults.rotated, rotated > 1 && `×${rotated}`].filter(Boolean).join(" ")}></p>
    </div>`;
}

/**
 * @param {State} state
 * @param {Words} words
 * @param {FaultActions} act
 */
function whitelist({ console }, { faults }, act) {
  const [name, hint] = faults.on.whitelist;
  const now = console?.whitelist ?? "off";
  const save = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const typed = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("whitelisted");
    act.setConsole({ whitelisted: String(typed).split(/[\s,，、]+/).filter(Boolean) });
  };
  const kinds = /** @type {const} */ (["off", "token", "all"]);
  return html`
    <form class="row fault ${now === "off" ? "" : "is-on"}" data-fault="whitelist" aria-labelledby=${titleOf("whitelist")} @submit=${save}>
      ${heading("whitelist", name, hint)}
      <fieldset class="choices">
        <legend class="sr-only">${faults.whitelist.name}</legend>
        ${kinds.map((kind) => html`<label class="choice"><input type="radio" name="whitelist" value=${kind} .checked=${live(kind === now)}
          @change=${() => act.setConsole({ whitelist: kind })}><span>${faults.whitelist[kind]}</span></label>`)}
      </fieldset>
      ${now === "off" ? nothing : html`
        <div class="fault-fields">
          <label class="labelled is-wide"><span>${faults.whitelisted}</span>
            <input class="field" name="whitelisted" placeholder=${faults.whitelistedHint} autocomplete="off" spellcheck="false" value=${console?.whitelisted.join(", ") ?? ""}></label>
          <button class="button">${faults.save}</button>
        </div>`}
    </form>`;
}
