// What became of the batches: read again for as long as something may still change, and whenever WeChat told something.

import { Problem } from "./gateway.js";

/** @import { Store } from "/_sim/ui/store.js" */
/** @import { Gateway } from "./gateway.js" */
/** @import { State } from "./state.js" */
/** @import { Batch, BatchStatus, MessageState } from "./types.js" */

const TICK = 500;
const SELDOM = 5000;
/** A batch that stands still for so long is looked at seldom. */
const PATIENCE = 30_000;
/** A receipt that has not come by then may come with a callback. */
const RECEIPTS = 120_000;

/** And most have come by then. */
const AT_ONCE = 8_000;

/** WeChat's callback is taken first and written down then. */
const WRITTEN = 1000;

/** @type {MessageState[]} */
const PENDING = ["queued", "retrying", "parked"];

/** @param {Batch} batch @param {MessageState[]} states */
const has = ({ status }, states) => states.some((state) => (status?.counts[state] ?? 0) > 0);

/** How long to wait before it is read again. @param {Batch} batch @param {number} now */
function pauseOf(batch, now) {
  const { status, problem, readAt, changedAt } = batch;
  if (problem) return Infinity;
  if (!status) return readAt === 0 ? 0 : SELDOM;
  const still = now - changedAt;
  if (has(batch, PENDING)) return still < PATIENCE ? TICK : SELDOM;
  // What is sent anew says for a moment still what it was.
  if (batch.replayed && has(batch, ["failed", "unknown"]) && still < PATIENCE) return TICK;
  // Most receipts come at once.
  if (has(batch, ["sent"]) && still < AT_ONCE) return TICK;
  return has(batch, ["sent"]) && still < RECEIPTS ? SELDOM : Infinity;
}

/**
 * @param {Store<State>} store
 * @param {Gateway} gateway
 */
export function watchBatches(store, gateway) {
  const reading = new Set();
  const anew = new Set();

  /** @param {string} id @param {Partial<Batch>} patch */
  const change = (id, patch) =>
    store.set({ batches: store.state.batches.map((batch) => (batch.id === id ? { ...batch, ...patch } : batch)) });

  /** @param {string} id */
  async function read(id) {
    const batch = store.state.batches.find((one) => one.id === id);
    if (!batch) return;
    // What is being read may be older than what was just told.
    if (reading.has(id)) return void anew.add(id);
    reading.add(id);
    try {
      const status = await readPages(gateway, batch);
      const isAnother = JSON.stringify(status) !== JSON.stringify(batch.status);
      const now = Date.now();
      change(id, isAnother ? { status, problem: null, readAt: now, changedAt: now } : { readAt: now });
    } catch (error) {
      // Who cannot be reached now may be in a moment.
      const isFinal = error instanceof Problem && error.status < 500;
      change(id, { readAt: Date.now(), ...(isFinal ? { problem: error.refusal } : {}) });
    } finally {
      reading.delete(id);
      if (anew.delete(id)) read(id);
    }
  }

  function readDue() {
    if (document.hidden) return;
    const now = Date.now();
    for (const batch of store.state.batches) if (!reading.has(batch.id) && now - batch.readAt >= pauseOf(batch, now)) read(batch.id);
  }
  setInterval(readDue, TICK);

  function readUnsettled() {
    for (const batch of store.state.batches) if (!batch.problem && (!batch.status || has(batch, [...PENDING, "sent"]))) read(batch.id);
  }

  let { log } = store.state;
  store.watch(() => {
    if (log === store.state.log) return;
    const known = log[0]?.id;
    ({ log } = store.state);
    const place = log.findIndex(({ id }) => id === known);
    const news = place === -1 ? log : log.slice(0, place);
    if (!news.some(({ kind }) => kind === "callback")) return;
    readUnsettled();
    setTimeout(readUnsettled, WRITTEN);
  });

  return { read, change };
}

/** As many hundreds as are shown. @param {Gateway} gateway @param {Batch} batch @returns {Promise<BatchStatus>} */
async function readPages(gateway, { id, pages }) {
  const path = `/send/${encodeURIComponent(id)}`;
  const status = await gateway.get(path);
  for (let page = 1; page < pages && status.next; page += 1) {
    const { messages, next } = await gateway.get(`${path}?after=${status.next}`);
    status.messages.push(...messages);
    status.next = next;
  }
  return status;
}

/** @typedef {ReturnType<typeof watchBatches>} Watch */
