// Everything that goes wrong on demand just now, whoever ordered it, in words.

import { PARTS } from "./fault-switches.js";

/** @import { FaultActions } from "./fault-actions.js" */
/** @import { State } from "./state.js" */
/** @import { Console, Fault, Shares } from "./types.js" */
/** @import { Words } from "./words.js" */

/** @typedef {{ key: string, where: string, what: string, lift: () => unknown }} InForce */

/** @param {number} share */
const percent = (share) => `${Number((share * 100).toFixed(1))}%`;

/**
 * @param {State} state
 * @param {Words} words
 * @param {FaultActions} act
 * @returns {InForce[]}
 */
export function inForce({ faults, console }, words, act) {
  return [
    ...faults.endpoints.map((fault) => ofEndpoint(fault, words, act)),
    ...ofFollowers(faults.followers, words, act),
    ...ofCallbacks("callback", faults.callback, words, act),
    ...ofCallbacks("mini_callback", faults.mini_callback, words, act),
    ...(console ? ofConsole(console, words, act) : []),
  ];
}

/** @param {Fault} fault @param {Words} words @param {FaultActions} act @returns {InForce} */
function ofEndpoint(fault, words, act) {
  const { faults } = words;
  const { id, endpoint, times, user, probability = 1, delivered = 0 } = fault;
  const what = [
    effect(fault, words),
    probability < 1 && percent(probability),
    delivered > 0 && faults.ofThem(percent(delivered)),
    typeof times === "number" && faults.timesLeft(times),
    typeof user === "number" && words.user(user),
  ];
  return {
    key: `fault-${id}`,
    where: endpoint === "*" ? faults.everywhere : endpoint,
    what: what.filter(Boolean).join(" · "),
    lift: () => act.lift(id),
  };
}

/** @param {Fault} fault @param {Words} words */
function effect({ cut, errcode, http_status, latency_ms }, { faults, errcodes, log }) {
  const hasCode = typeof errcode === "number";
  const all = [
    cut && log.answers.cut,
    http_status && `HTTP ${http_status}`,
    hasCode && [errcode, errcodes[errcode]].filter((part) => part !== undefined).join(" "),
    latency_ms && faults.slower(latency_ms),
  ].filter(Boolean);
  return all.length > 0 ? all.join(" · ") : faults.oddAnswer;
}

/** @param {Shares} shares @param {Words} words @param {FaultActions} act @returns {InForce[]} */
function ofFollowers(shares, { faults }, act) {
  const what = Object.entries(shares)
    .filter(([name, value]) => value && name !== "times")
    .map(([name, value]) => (value === true ? said(faults, name) : `${said(faults, name)} ${name === "cut_after" ? value : percent(Number(value))}`));
  if (what.length === 0) return [];
  const times = typeof shares.times === "number" ? [faults.timesLeft(shares.times)] : [];
  return [{ key: "followers", where: faults.sources.followers, what: [...what, ...times].join(" · "), lift: act.liftFollowers }];
}

/**
 * @param {"callback" | "mini_callback"} whose
 * @param {Shares} shares
 * @param {Words} words
 * @param {FaultActions} act
 * @returns {InForce[]}
 */
function ofCallbacks(whose, shares, { faults }, act) {
  const hidden = Object.values(PARTS).flat();
  // All events are late if nothing is said about their share.
  const all = shares.delay_ms && !shares.delay ? { ...shares, delay: 1 } : shares;
  return Object.entries(all)
    .filter(([name, value]) => value && !hidden.includes(name))
    .map(([name, value]) => {
      const late = name === "delay" ? `${shares.delay_ms} ${faults.ms}` : "";
      const what = [said(faults, name), late, percent(Number(value))].filter(Boolean).join(" ");
      return { key: `${whose}-${name}`, where: faults.sources[whose], what, lift: () => act.liftShare(whose, name) };
    });
}

/** @param {Words["faults"]} faults @param {string} name */
const said = ({ shares }, name) => /** @type {Record<string, string>} */ (shares)[name] ?? name;

/** @param {Console} console @param {Words} words @param {FaultActions} act @returns {InForce[]} */
function ofConsole(console, { faults }, act) {
  /** @type {InForce[]} */
  const all = [];
  /** @param {string} where @param {string} what @param {Partial<Console>} undone */
  const add = (where, what, undone) => all.push({ key: `${where}-${what}`, where, what, lift: () => act.setConsole(undone) });
  const { whitelist, info_lag, removed_templates, unpublished_pages, refuses_repeats, bound } = console;
  if (whitelist !== "off") add(faults.whitelist.name, faults.whitelist[whitelist], { whitelist: "off" });
  if (info_lag > 0) add("user/info", faults.lagging(info_lag), { info_lag: 0 });
  for (const id of removed_templates) {
    add(faults.removedTemplate, id, { removed_templates: removed_templates.filter((other) => other !== id) });
  }
  for (const page of unpublished_pages) {
    add(faults.unpublishedPage, page, { unpublished_pages: unpublished_pages.filter((other) => other !== page) });
  }
  if (refuses_repeats) add(faults.refusesRepeats, "", { refuses_repeats: false });
  if (bound === false) add(faults.unbound, "", { bound: true });
  return all;
}
