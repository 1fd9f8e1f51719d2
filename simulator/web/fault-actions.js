// Ordering faults and lifting them.

import { PARTS } from "./fault-switches.js";

/** @import { Actions } from "./actions.js" */
/** @import { Api } from "./api.js" */
/** @import { State } from "./state.js" */
/** @import { Store } from "./store.js" */
/** @import { Console, Fault, Shares } from "./types.js" */

const CALLBACKS = /** @type {const} */ ({ callback: "/_sim/callback/faults", mini_callback: "/_sim/mini/callback/faults" });

/** Those that are in force; what is null or 0 need not be said. @param {Shares} shares */
const inForce = (shares) => Object.fromEntries(Object.entries(shares).filter(([, value]) => value));

/**
 * @param {Api} api
 * @param {Store<State>} store
 * @param {Actions["trying"]} attempt
 */
export function createFaultActions(api, store, attempt) {
  // One after the other: an order goes by what the one before it left in force.
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  /** @param {() => Promise<unknown>} task */
  const trying = (task) => (last = last.then(() => attempt(task)));

  const readFaults = async () => store.set({ faults: await api.get("/_sim/faults") });

  /** @param {string} kind @param {number | null} id */
  const remember = (kind, id) => {
    const { [kind]: _, ...others } = store.state.ordered;
    store.set({ ordered: id === null ? others : { ...others, [kind]: id } });
  };

  /** @param {"callback" | "mini_callback"} whose @param {Shares} change */
  const change = (whose, change) =>
    api.post(CALLBACKS[whose], inForce({ ...store.state.faults[whose], ...change }));

  return {
    /** Shows or hides a switch's fields. @param {string} kind @param {boolean} isOpen */
    open(kind, isOpen) {
      const others = store.state.openFaults.filter((other) => other !== kind);
      store.set({ openFaults: isOpen ? [...others, kind] : others });
    },
    /** Orders a fault in place of the one that this switch ordered before. @param {string} kind @param {Omit<Fault, "id">} order */
    order: (kind, order) =>
      trying(async () => {
        const before = store.state.ordered[kind];
        const { id } = await api.post("/_sim/faults", order);
        if (before !== undefined) await api.remove(`/_sim/faults/${before}`).catch(() => {});
        remember(kind, id);
        await readFaults();
      }),
    /** @param {number} id */
    lift: (id) =>
      trying(async () => {
        await api.remove(`/_sim/faults/${id}`);
        await readFaults();
      }),
    /** @param {Shares} shares  For both accounts */
    changeCallbacks: (shares) =>
      trying(async () => {
        await Promise.all([change("callback", shares), change("mini_callback", shares)]);
        await readFaults();
      }),
    /** @param {"callback" | "mini_callback"} whose @param {string} share */
    liftShare: (whose, share) =>
      trying(async () => {
        await change(whose, Object.fromEntries([share, ...(PARTS[share] ?? [])].map((part) => [part, 0])));
        await readFaults();
      }),
    liftFollowers: () =>
      trying(async () => {
        await api.remove("/_sim/followers/faults");
        await readFaults();
      }),
    /** @param {Partial<Console>} change */
    setConsole: (change) => trying(async () => store.set({ console: await api.post("/_sim/console", change) })),
    rotate: () =>
      trying(async () => {
        await api.post("/_sim/rotate", { account: "oa", mode: "classic" });
        store.set({ rotated: store.state.rotated + 1 });
      }),
    liftAll: () =>
      trying(async () => {
        await Promise.all([
          api.remove("/_sim/faults"),
          api.remove("/_sim/followers/faults"),
          ...Object.values(CALLBACKS).map(api.remove),
        ]);
        store.set({ console: await api.remove("/_sim/console") });
        await readFaults();
      }),
  };
}

/** @typedef {ReturnType<typeof createFaultActions>} FaultActions */
