// What a person does in the first two panes. What the gateway refuses is shown where it was asked.

import { wait } from "/_sim/ui/soon.js";
import { curlOf, curlOfTap } from "./curl.js";
import { exampleOf } from "./example.js";
import { Problem } from "./gateway.js";
import { keep } from "./kept.js";
import { createSendKeys } from "./send-key.js";
import { chosenIn, dataIn, newBatch, recipientsIn } from "./state.js";

/** @import { Actions as SimulatorActions } from "/_sim/ui/actions.js" */
/** @import { Store } from "/_sim/ui/store.js" */
/** @import { Gateway } from "./gateway.js" */
/** @import { Draft, PaneName, State } from "./state.js" */
/** @import { Call, Outcome } from "./types.js" */
/** @import { Watch } from "./watch.js" */

const KEPT_BATCHES = 20;
const SYNC_PAUSE = 500;

/**
 * Whether the gateway said what it did: after an error of a server's it may have done it all the same, and it may be at it
 * still (409).
 *
 * @param {Call | null} call
 */
const hasAnswered = (call) => typeof call?.status === "number" && call.status < 500 && call.status !== 409;

/**
 * @param {Store<State>} store
 * @param {Gateway} gateway
 * @param {SimulatorActions} tap  The taps of the simulator's users.
 * @param {Watch} watch
 */
export function createActions(store, gateway, tap, watch) {
  const sendKeys = createSendKeys();

  /**
   * Makes a call and shows it, with the line that a terminal would take.
   *
   * @param {Outcome["kind"]} kind
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   */
  async function call(kind, path, body, headers) {
    const made = { name: `POST ${path}`, curl: curlOf(path, body, headers) };
    try {
      const { status, answer } = await gateway.post(path, body, headers);
      store.set({ call: { ...made, status, outcome: { kind, answer } } });
      return answer;
    } catch (error) {
      const isProblem = error instanceof Problem;
      const outcome = isProblem ? { kind: "refused", answer: error.refusal } : { kind: "unreachable" };
      store.set({ call: { ...made, status: isProblem ? error.status : null, outcome: /** @type {Outcome} */ (outcome) } });
      return null;
    }
  }

  /** @param {Partial<Draft>} patch */
  function draft(patch) {
    const changed = { ...store.state.draft, ...patch };
    store.set({ draft: changed });
    keep("draft", changed);
  }

  const keepBatches = () => keep("batches", store.state.batches.map(({ id, rejected }) => ({ id, rejected })));

  async function readCatalog() {
    const answer = await gateway.get("/templates").catch(() => null);
    if (answer) store.set({ entries: answer.entries });
  }

  async function readSync() {
    const sync = await gateway.get("/sync").catch(() => null);
    if (sync) store.set({ sync });
  }

  /** What the form says; null, and said on the page, where it says too little. */
  function written() {
    const notification = chosenIn(store.state)?.name;
    const to = recipientsIn(store.state).map((openid) => ({ openid }));
    store.set({ lacksRecipient: to.length === 0 });
    if (to.length === 0 || !notification) return null;
    return { notification, to, data: dataIn(store.state) };
  }

  return {
    draft,

    /** One field of the form: others may have been filled since it was drawn. @param {string} name @param {string} value */
    datum(name, value) {
      draft({ values: { ...store.state.draft.values, [name]: value } });
    },
    readCatalog,
    readSync,

    /** @param {number} user */
    async login(user) {
      const before = store.state.notes[user];
      await tap.login(user);
      const note = store.state.notes[user];
      // Where the simulator did not answer, the page says so elsewhere.
      if (note === before) return;
      const path = `/_sim/users/${user}/login`;
      /** @type {Outcome} */
      const outcome = { kind: "login", user, answer: { backend: note.backend } };
      store.set({ call: { name: `POST ${path}`, curl: curlOfTap(location.origin + path), status: note.backend?.status ?? null, outcome } });
    },

    async sync() {
      let sync = await call("sync", "/sync");
      // A long list is read in portions, each asked for.
      while (sync?.state === "running") {
        store.set({ sync });
        await wait(SYNC_PAUSE);
        sync = await call("sync", "/sync");
      }
      if (!sync) return;
      store.set({ sync });
      // The templates are listed by the way.
      await readCatalog();
    },

    /** What is filled in already stays, unless all of it is. */
    fillIn() {
      const fields = chosenIn(store.state)?.fields ?? [];
      const { values } = store.state.draft;
      const empty = fields.filter(({ name }) => !values[name]);
      const filled = (empty.length > 0 ? empty : fields).map((field) => [field.name, exampleOf(field, store.state.now)]);
      draft({ values: { ...values, ...Object.fromEntries(filled) } });
    },

    async dryRun() {
      const message = written();
      if (message && (await call("dry_run", "/send?dry_run=true", message))) store.set({ hasTried: true });
    },

    async send() {
      const message = written();
      if (!message) return;
      const accepted = await call("send", "/send", message, { "Idempotency-Key": sendKeys.keyOf(message) });
      if (hasAnswered(store.state.call)) sendKeys.done(message);
      if (!accepted) return;
      store.set({ batches: [newBatch(accepted.id, accepted.rejected), ...store.state.batches].slice(0, KEPT_BATCHES) });
      if (accepted.accepted > 0) store.set({ hasSent: true });
      keepBatches();
      await watch.read(accepted.id);
    },

    /** @param {string} openid @param {boolean} isTicked */
    tick(openid, isTicked) {
      const others = store.state.draft.ticked.filter((id) => id !== openid);
      draft({ ticked: isTicked ? [...others, openid] : others });
      if (isTicked) store.set({ lacksRecipient: false });
    },

    closeSteps() {
      store.set({ showsSteps: false });
      keep("steps", false);
    },

    /** @param {string} id */
    async lookUp(id) {
      const others = store.state.batches.filter((batch) => batch.id !== id);
      const known = store.state.batches.find((batch) => batch.id === id);
      store.set({ batches: [known ? { ...known, problem: null, readAt: 0 } : newBatch(id), ...others].slice(0, KEPT_BATCHES) });
      keepBatches();
      await watch.read(id);
    },
    /** @param {string} id */
    forgetBatch(id) {
      store.set({ batches: store.state.batches.filter((batch) => batch.id !== id) });
      keepBatches();
    },
    /** @param {string} id @param {number} pages */
    async showMore(id, pages) {
      watch.change(id, { pages: pages + 1 });
      await watch.read(id);
    },
    /** @param {string} id */
    async replay(id) {
      const replayed = await call("replay", `/send/${encodeURIComponent(id)}/replay`, {});
      if (!replayed) return;
      watch.change(id, { replayed, changedAt: Date.now() });
      await watch.read(id);
    },

    /** @param {PaneName} pane @param {Record<string, string>} news */
    showPane(pane, news) {
      const { pane: before, seen } = store.state;
      store.set({ pane, seen: { ...seen, [before]: news[before], [pane]: news[pane] } });
    },
  };
}

/** @typedef {ReturnType<typeof createActions>} Actions */
