// Which faults the switches of this tab ordered, so that they are still on after the page was loaded again. Another run of
// the simulator gives its faults the same numbers: what was ordered in the one before says nothing about them.

/** @import { State } from "./state.js" */
/** @import { Store } from "./store.js" */
/** @import { Entry } from "./types.js" */

const KEY = "wechat-simulator.ordered";

/** The run that a log is of: its entries are named `<run>-<n>`. Before anything happened nobody can tell. @param {Entry[]} log */
const runOf = ([newest]) => (newest ? newest.id.slice(0, newest.id.lastIndexOf("-")) : "");

/** Keeps what was ordered for as long as the simulator runs. What is drawn is drawn after this. @param {Store<State>} store */
export function keepOrders(store) {
  let { log, ordered } = store.state;
  /** @type {string | null} */
  let run = null;

  const lookAtRun = () => {
    const before = run;
    run = runOf(log);
    if (run === before) return;
    // Without a run before, what is known was ordered in this one.
    store.set({ ordered: before ? {} : { ...rememberedFrom(run), ...store.state.ordered } });
  };

  store.watch(() => {
    if (log !== store.state.log) {
      ({ log } = store.state);
      lookAtRun();
    }
    if (run === null || ordered === store.state.ordered) return;
    ({ ordered } = store.state);
    remember({ run, ordered });
  });
}

/** @param {string} run @returns {Record<string, number>} */
function rememberedFrom(run) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    return kept.run === run && run !== "" ? kept.ordered : {};
  } catch {
    return {};
  }
}

/** @param {{ run: string, ordered: Record<string, number> }} orders */
function remember(orders) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(orders));
  } catch {
    // Then the switches are off after a reload, and the list of what is in force has them all the same.
  }
}
