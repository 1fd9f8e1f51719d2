// What miniprogram-simulate takes from a browser; imported before it.

import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>");
const names = ["document", "Element", "HTMLElement", "Node", "Text", "Event", "CustomEvent", "MutationObserver"];
Object.assign(globalThis, { window }, Object.fromEntries(names.map((name) => [name, window[name]])));
