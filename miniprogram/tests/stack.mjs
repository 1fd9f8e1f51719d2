// A local stack: the gateway and the simulated WeChat, on free ports, kept nowhere.

import { fileURLToPath } from "node:url";

import { ask, start, until } from "../../tests/local_stack.mjs";

export { ask, until };

const CATALOG = fileURLToPath(new URL("notifications.toml", import.meta.url));

/** Users 0 up to this one follow the Official Account from the start. */
const FOLLOWERS = 2;

/** @typedef {Awaited<ReturnType<typeof startStack>>} Stack */

/** @param {string} catalog The file of the notifications. */
export async function startStack(catalog = CATALOG) {
  const { ready, stop } = await start("--followers", String(FOLLOWERS), "--catalog", catalog);
  const { gateway, wechat, service_key: key } = ready;

  return {
    gateway,
    wechat,

    stop,

    /** Brings the followers into the map. */
    sync: () => ask(`${gateway}/sync`, { body: {}, authorization: `Bearer ${key}` }),

    /** Ends a session behind its owner's back. @param {string} token */
    end: (token) => ask(`${gateway}/logout`, { body: {}, authorization: `Bearer ${token}` }),

    /** What there is on a user's phone. @param {number} user */
    inbox: (user) => ask(`${wechat}/_sim/messages?user=${user}`),
  };
}
