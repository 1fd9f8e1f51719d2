// Puts the page together: what it shares with the simulator's page, and what is its own.

import { createActions as createTaps } from "/_sim/ui/actions.js";
import { createApi } from "/_sim/ui/api.js";
import { openFeed } from "/_sim/ui/feed.js";
import { problem } from "/_sim/ui/header.js";
import { createShow, keepTime, showPhone } from "/_sim/ui/page.js";
import { createReads } from "/_sim/ui/read.js";
import { wait } from "/_sim/ui/soon.js";
import { createStore } from "/_sim/ui/store.js";
import { render } from "/_sim/ui/vendor/lit-html.js";
import { preferredLanguage } from "/_sim/ui/words.js";
import { createActions } from "./actions.js";
import { call } from "./call.js";
import { compose } from "./compose.js";
import { createGateway } from "./gateway.js";
import { readKey } from "./key.js";
import { tickNewcomers } from "./newcomers.js";
import { results } from "./results.js";
import { initialState } from "./state.js";
import { steps } from "./steps.js";
import { noPhone, paneHead, paneSwitch, top, trouble } from "./top.js";
import { watchBatches } from "./watch.js";
import { wordsIn } from "./words.js";

/** @import { PaneName, State } from "./state.js" */

const PATIENCE = 3000;

/** @param {string} id */
const rootOf = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const api = createApi();
const store = createStore(initialState(preferredLanguage(), await readAbout()));
// The log says when WeChat told something. The rest is on the simulator's own page.
const reads = createReads(api, store, ["messages", "users", "templates", "clock", "log"]);
const tap = createTaps(api, store, reads);
const gateway = createGateway(readKey(), () => store.set({ hasKey: false }));
const act = createActions(store, gateway, tap, watchBatches(store, gateway));
const { hasPhone } = store.state;

/** What was new in the panes that may be out of sight. @returns {Record<PaneName, string>} */
const news = () => ({
  backend: "",
  results: store.state.batches.map(({ id, status }) => `${id}${JSON.stringify(status?.counts)}`).join(),
  phone: store.state.messages[0]?.id ?? "",
});
const showPane = (/** @type {PaneName} */ name) => {
  act.showPane(name, news());
  scrollTo({ top: 0, behavior: "instant" });
};

/** The button that was pressed is out of sight then: the focus goes on to what it led to. */
const leadToResults = () => {
  showPane("results");
  requestAnimationFrame(() => rootOf("pane-results").focus());
};

const show = createShow(store, wordsIn);
show("top", ["connection"], (state, words) => top(state, words, () => tap.speak(state.language === "zh" ? "en" : "zh")));
show("problem", ["problem", "hasKey"], (state, words) => (state.hasKey ? problem(state, words, tap) : trouble(words.lacksKey)));
for (const name of /** @type {PaneName[]} */ (["backend", "results", "phone"])) show(`head-${name}`, [], (_, words) => paneHead(name, words));
show("switch", ["pane", "seen", "batches", "messages"], ({ pane, seen }, words) => {
  const now = news();
  const isNew = (/** @type {PaneName} */ name) => now[name] !== (seen[name] ?? "");
  return paneSwitch(pane, { backend: false, results: isNew("results"), phone: isNew("phone") }, words, showPane);
});

const form = /** @type {const} */ (["entries", "templates", "users", "draft"]);
show("steps", [...form, "sync", "hasTried", "hasSent", "showsSteps", "batches"], (state, words) => steps(state, words, act));
show("compose", [...form, "lacksRecipient"], (state, words) => compose(state, words, act));
show("call", ["call", "users"], (state, words) => call(state, words, leadToResults));
show("results", ["batches", "users", "entries", "templates"], (state, words) => results(state, words, act));

if (hasPhone) showPhone(show, { ...tap, login: act.login });
else show("inbox", [], (_, words) => noPhone(words));

const isOfForm = (/** @type {State["call"]} */ made) => made?.name.startsWith("POST /send?") || made?.name === "POST /send";
let { connection, call: made } = store.state;
store.watch(() => {
  const { state } = store;
  rootOf("panes").dataset.pane = state.pane;
  // Whoever was away may have missed a sync, or another catalog.
  if (connection !== state.connection && state.connection === "live") readGateway();
  ({ connection } = state);
  // The form is long: what came of it must not be out of sight.
  if (made !== state.call && isOfForm(state.call)) rootOf("call").scrollIntoView({ block: "nearest" });
  made = state.call;
});

/** Without it there is nothing to show but that. @returns {Promise<{ gateway: string, has_phone: boolean }>} */
async function readAbout() {
  for (;;) {
    const about = await api.get("/about").catch(() => null);
    if (about) return about;
    render(trouble(wordsIn(preferredLanguage()).unreachable), rootOf("problem"));
    await wait(PATIENCE);
  }
}

function readGateway() {
  act.readCatalog();
  act.readSync();
}

keepTime(store);
tickNewcomers(store, act.tick);
readGateway();
if (hasPhone) openFeed(store, reads);
