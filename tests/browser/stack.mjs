// A local stack: the gateway, the simulated WeChat and both pages, on free ports, kept nowhere.

import { ask, start, until } from "../local_stack.mjs";

export { until };

/** Users 0 up to this one follow the Official Account from the start; the pages list users 0 to 7. */
const FOLLOWERS = 3;

/** @typedef {Awaited<ReturnType<typeof startStack>>} Stack */

export async function startStack() {
  const { ready, stop } = await start("--followers", String(FOLLOWERS));
  const { console, gateway, wechat, service_key: serviceKey } = ready;
  const authorization = `Bearer ${serviceKey}`;

  return {
    console,
    gateway,
    wechat,
    serviceKey,

    stop,

    /** What a user does, as the buttons of the page do it. @param {number} user @param {string} action */
    tap: (user, action, body = {}) => ask(`${wechat}/_sim/users/${user}/${action}`, { body }),

    /** Who opened the mini-program. @param {number} user @returns {Promise<string>} The openid that the gateway knows. */
    async login(user) {
      const { backend } = await this.tap(user, "login");
      return backend.body.openid;
    },

    /** What somebody changes in WeChat's console. @param {object} change */
    change: (change) => ask(`${wechat}/_sim/console`, { body: change }),

    /** A fault, as somebody else orders it. @param {object} fault */
    order: (fault) => ask(`${wechat}/_sim/faults`, { body: fault }),

    /** Ends them all, as somebody else does. */
    liftAll: () => ask(`${wechat}/_sim/faults`, { method: "DELETE" }),

    /** How often an endpoint may be called. @param {object} limits */
    limit: (limits) => ask(`${wechat}/_sim/quota`, { body: limits }),

    sync: () => ask(`${gateway}/sync`, { authorization, body: {} }),

    /** @param {object} message @returns {Promise<{ id: string, accepted: number, rejected: { reason: string }[] }>} */
    send: (message) => ask(`${gateway}/send`, { authorization, body: message }),

    /** Whether it would go out: a dry run. @param {object} message */
    async wouldSend(message) {
      const { messages } = await ask(`${gateway}/send?dry_run=true`, { authorization, body: message });
      return messages.length > 0;
    },

    /** The first message of a batch. @param {string} id */
    async status(id) {
      const { messages } = await ask(`${gateway}/send/${id}`, { authorization });
      return messages[0];
    },
  };
}

/** An approval for one user of the mini-program. @param {string} openid @param {Record<string, string>} [data] */
export const approval = (openid, data) => ({
  notification: "approval_submitted",
  to: [{ openid }],
  data: { applicant: "张三", kind: "年假", submitted_at: "2026-11-28 09:30", content: "回家探亲", id: "A-42", ...data },
});
