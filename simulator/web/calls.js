import { html, nothing, svg } from "./vendor/lit-html.js";
import { endpointsOf } from "./endpoints.js";

/** @import { Actions } from "./actions.js" */
/** @import { State } from "./state.js" */
/** @import { EndpointStats, Quota } from "./types.js" */
/** @import { Words } from "./words.js" */

/**
 * How often each endpoint was called, what went wrong, and what is left of its quota.
 *
 * @param {State} state
 * @param {Words} words
 * @param {Actions} act
 */
export function calls({ stats, quota, limited }, words, act) {
  const endpoints = endpointsOf(stats, quota);
  const row = (/** @type {string} */ endpoint) =>
    endpointRow(endpoint, stats.endpoints[endpoint], quota.filter((row) => row.endpoint === endpoint), words);
  return html`
    <section class="panel calls" aria-labelledby="calls-title">
      <div class="panel-head"><h2 id="calls-title">${words.calls.title}</h2></div>
      <ul class="rows">${endpoints.map(row)}</ul>
      ${change(endpoints, limited || endpoints[0], quota, words, act)}
    </section>`;
}

/**
 * The form in which a quota is changed. What is in force stands in it.
 *
 * @param {string[]} endpoints
 * @param {string} chosen
 * @param {Quota[]} quota
 * @param {Words} words
 * @param {Actions} act
 */
function change(endpoints, chosen, quota, words, act) {
  const { calls } = words;
  const limits = quota.find(({ endpoint }) => endpoint === chosen);
  const amount = (/** @type {string} */ label, /** @type {"per_day" | "per_minute"} */ name) => html`
    <label class="labelled"><span>${label}</span>
      <input class="field" name=${name} type="number" min="0" step="1" placeholder=${calls.perHint} value=${limits?.[name] ?? ""}></label>`;
  const choose = (/** @type {any} */ { currentTarget: select }) => {
    act.chooseLimited(select.value);
    // What was typed was meant for another.
    select.form.reset();
  };
  return html`
    <details class="calls-change">
      <summary>${calls.change}</summary>
      <form class="calls-form" aria-label=${calls.change} @submit=${save(chosen, act)}>
        <label class="labelled is-wide"><span>${words.faults.endpoint}</span>
          <select class="field" name="endpoint" @change=${choose}>
            ${endpoints.map((path) => html`<option value=${path} ?selected=${path === chosen}>${path}</option>`)}
          </select></label>
        ${amount(calls.perDay, "per_day")}
        ${amount(calls.perMinute, "per_minute")}
        <button class="button">${calls.save}</button>
      </form>
    </details>`;
}

/** Says what was changed and leaves the rest as it is. @param {string} endpoint @param {Actions} act */
const save = (endpoint, act) => async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  const fields = [...form.querySelectorAll("input")].filter(({ value, defaultValue }) => value !== defaultValue);
  if (fields.length === 0) return;
  const limits = fields.map(({ name, value }) => [name, value === "" ? null : Number(value)]);
  const isSaved = await act.limit({ endpoint, ...Object.fromEntries(limits) });
  // From now on they show what is in force, as before.
  if (isSaved) requestAnimationFrame(() => form.reset());
};

/**
 * @param {string} endpoint
 * @param {EndpointStats | undefined} stats
 * @param {Quota[]} quotas
 * @param {Words} words
 */
function endpointRow(endpoint, stats, quotas, words) {
  const { calls, number } = words;
  const limited = quotas.filter(({ per_day, per_minute }) => per_day !== null || per_minute !== null);
  return html`
    <li class="row call ${stats ? "" : "is-unused"}" data-endpoint=${endpoint}>
      <h3><code>${endpoint}</code></h3>
      <p class="call-count" title=${stats ? calls.atOnce(stats.max_concurrent) : ""}>${stats ? calls.calls(number(stats.calls)) : calls.never}</p>
      ${stats ? errors(stats.errors, words) : nothing}
      ${limited.map((quota) => used(quota, quotas.length > 1, words))}
    </li>`;
}

/** @param {Record<string, number>} counts @param {Words} words */
function errors(counts, { calls, errcodes, log, number }) {
  const all = Object.entries(counts);
  if (all.length === 0) return nothing;
  const means = (/** @type {string} */ how) => errcodes[how] ?? /** @type {Record<string, string>} */ (log.answers)[how] ?? "";
  return html`<ul class="badges call-errors" aria-label=${calls.errors}>
    ${all.map(([how, count]) => html`<li class="badge is-bad"><code>${how}</code> ${means(how)} ×${number(count)}</li>`)}</ul>`;
}

/** @param {Quota} quota @param {boolean} isOneOfMany @param {Words} words */
function used({ account, per_day, per_minute, used_today, used_this_minute }, isOneOfMany, words) {
  const { calls, number } = words;
  const share = per_day === null ? 0 : per_day === 0 ? 1 : Math.min(1, used_today / per_day);
  // A call out of half a million is little, but not nothing.
  const width = used_today === 0 ? share * 100 : Math.max(share * 100, 1.5);
  const today = per_day === null ? calls.unlimited(number(used_today)) : calls.used(number(used_today), number(per_day));
  return html`
    <div class="quota ${share >= 1 ? "is-full" : ""}">
      ${svg`<svg class="quota-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect width=${width} height="1"/></svg>`}
      <p>${isOneOfMany ? `${words.account[account]} · ` : nothing}${calls.today} ${today}
        ${per_minute === null ? nothing : html`<span>${calls.minute(number(used_this_minute), number(per_minute))}</span>`}</p>
    </div>`;
}
