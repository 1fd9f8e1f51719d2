// A user's phone: as much of `wx` as the client needs, over real HTTP, with the simulated WeChat behind it.

import { ask } from "./stack.mjs";

/** @typedef {ReturnType<typeof pickUp>} Phone */

const NOT_IN_A_TAP = { errMsg: "requestSubscribeMessage:fail can only be invoked by user TAP gesture." };

/** @param {string} wechat Where the simulated WeChat is. @param {number} user */
export function pickUp(wechat, user) {
  /** @type {Map<string, string>} */
  const storage = new Map();
  const does = (/** @type {string} */ action, body = {}) => ask(`${wechat}/_sim/users/${user}/${action}`, { body });
  const phone = {
    /** How often `wx.login` and each route were called, and what was sent last. */
    logins: 0,
    /** @type {string[]} */
    requests: [],
    /** @type {Record<string, string>} */
    header: {},
    /** What the user says when asked, by template. @type {Record<string, string>} */
    says: {},
    /** What an API of `wx` fails with, while it is set. @type {Record<string, { errMsg: string, errno?: number, errCode?: number }>} */
    fails: {},
    /** What a newer base library adds to what the user said. */
    adds: {},
    /** Changes a request on its way, or holds it. @type {(options: any) => any} */
    meddle: (options) => options,
    /** What storage throws, while it is set. @type {Error | undefined} */
    brokenStorage: undefined,
    isInTap: false,
    storage,

    /** The user taps: what WeChat allows in a tap alone is allowed until the handler awaits something. @template T @param {() => T} handler */
    tap(handler) {
      phone.isInTap = true;
      try {
        return handler();
      } finally {
        phone.isInTap = false;
      }
    },

    /** What `wx.getWeRunData` and its like give. @param {object} data */
    seal: (data) => does("sealed", data),

    follow: () => does("follow"),

    wx: {
      login: (options) => {
        phone.logins += 1;
        if (!failed("login", options)) answer(options, does("code"));
      },
      request: (options) => {
        phone.requests.push(`${options.method} ${new URL(options.url).pathname}`);
        phone.header = options.header;
        if (!failed("request", options)) answer(options, Promise.resolve(phone.meddle(options)).then(request));
      },
      requestSubscribeMessage: (options) => {
        if (!phone.isInTap) return options.fail(NOT_IN_A_TAP);
        if (failed("requestSubscribeMessage", options)) return;
        const said = Object.fromEntries(options.tmplIds.map((id) => [id, phone.says[id] ?? "accept"]));
        answer(options, does("subscribe", said).then((result) => ({ ...result, ...phone.adds })));
      },
      getStorageSync: (key) => JSON.parse(stored(key) ?? '""'),
      setStorageSync: (key, value) => void (stored(key), storage.set(key, JSON.stringify(value))),
      removeStorageSync: (key) => void storage.delete(key),
    },
  };
  /** Whether it does. */
  const failed = (/** @type {string} */ api, options) => {
    const error = phone.fails[api];
    if (error) options.fail(error);
    return error !== undefined;
  };
  const stored = (/** @type {string} */ key) => {
    if (phone.brokenStorage) throw phone.brokenStorage;
    return storage.get(key);
  };
  return phone;
}

/** @param {{ success(result: any): void, fail(error: object): void }} options @param {Promise<any>} result */
function answer({ success, fail }, result) {
  result.then(success, (error) => fail({ errMsg: `fail ${error.message}` }));
}

/** `wx.request`: any status is a success, and what is no JSON is a text. */
async function request({ url, method, header, data }) {
  const response = await fetch(url, { method, headers: header, body: data });
  const text = await response.text();
  try {
    return { statusCode: response.status, data: JSON.parse(text) };
  } catch {
    return { statusCode: response.status, data: text };
  }
}
