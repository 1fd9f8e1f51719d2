// What the switches do: a table.

/** @import { FaultActions } from "./fault-actions.js" */
/** @import { Values } from "./fault-fields.js" */
/** @import { State } from "./state.js" */
/** @import { Fault } from "./types.js" */
/** @import { Words } from "./words.js" */

/**
 * @typedef {object} Switch
 * @property {Exclude<keyof Words["faults"]["on"], "rotate" | "whitelist">} kind
 * @property {"endpoints" | "account"} group  The calls of endpoints, or what else WeChat does.
 * @property {string[]} fields
 * @property {Values} defaults  Shares in percent, as they are typed.
 * @property {(state: State) => boolean} isOn
 * @property {(values: Values, act: FaultActions) => unknown} turnOn  Also if it is on already, with other values.
 * @property {(state: State, act: FaultActions) => unknown} turnOff
 */

/** Shares that make no sense alone. @type {Record<string, string[]>} */
export const PARTS = { delay: ["delay_ms"] };

const SEND = "/cgi-bin/message/template/send";

/**
 * A fault of one endpoint, or of all.
 *
 * @param {Switch["kind"]} kind
 * @param {string[]} fields
 * @param {Values} defaults
 * @param {(values: Values) => Partial<Fault>} effect
 * @returns {Switch}
 */
const ofEndpoints = (kind, fields, defaults, effect) => ({
  kind,
  group: "endpoints",
  fields,
  defaults,
  isOn: ({ faults, ordered }) => faults.endpoints.some(({ id }) => id === ordered[kind]),
  turnOn: (values, act) => act.order(kind, { endpoint: values.endpoint ?? "*", probability: values.share, ...effect(values) }),
  turnOff: ({ ordered }, act) => act.lift(ordered[kind]),
});

/** @type {Switch[]} */
export const SWITCHES = [
  ofEndpoints("slow", ["endpoint", "latency", "share"], { latency: 1500 }, ({ latency }) => ({ latency_ms: latency })),
  ofEndpoints("fail", ["endpoint", "errcode", "share"], { endpoint: SEND }, ({ errcode }) => ({ errcode })),
  ofEndpoints("busy", ["endpoint", "share", "delivered"], { share: 30 }, ({ delivered }) => ({ errcode: -1, delivered })),
  ofEndpoints("cut", ["endpoint", "share", "delivered"], { share: 20 }, ({ delivered }) => ({ cut: true, delivered })),
  {
    kind: "duplicate",
    group: "account",
    fields: ["share"],
    defaults: { share: 50 },
    isOn: ({ faults }) => Boolean(faults.callback.duplicate),
    turnOn: ({ share }, act) => act.changeCallbacks({ duplicate: share ?? 1 }),
    turnOff: (_, act) => act.changeCallbacks({ duplicate: 0 }),
  },
  {
    kind: "late",
    group: "account",
    fields: ["latency"],
    defaults: { latency: 3000 },
    isOn: ({ faults }) => Boolean(faults.callback.delay_ms),
    turnOn: ({ latency }, act) => act.changeCallbacks({ delay_ms: latency ?? 0, delay: 1 }),
    turnOff: (_, act) => act.changeCallbacks({ delay_ms: 0, delay: 0 }),
  },
  {
    kind: "lag",
    group: "account",
    fields: ["seconds"],
    defaults: { seconds: 5 },
    isOn: ({ console }) => (console?.info_lag ?? 0) > 0,
    turnOn: ({ seconds }, act) => act.setConsole({ info_lag: seconds }),
    turnOff: (_, act) => act.setConsole({ info_lag: 0 }),
  },
];
