// A local stack: the gateway, the simulated WeChat and both pages, on free ports, kept nowhere.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = process.env.QUEQIAO ?? fileURLToPath(new URL("../../target/debug/queqiao", import.meta.url));
const READY_WITHIN = 20_000;

/** Users 0 up to this one follow the Official Account from the start; the pages list users 0 to 7. */
const FOLLOWERS = 3;

/** @typedef {Awaited<ReturnType<typeof startStack>>} Stack */

export async function startStack() {
  const ports = ["--port", "0", "--simulator-port", "0", "--console-port", "0"];
  const options = ["local", "--ephemeral", ...ports, "--followers", String(FOLLOWERS), "--log", "json"];
  const child = spawn(PROGRAM, options, { stdio: ["ignore", "pipe", "pipe"] });
  const hasEnded = new Promise((resolve) => child.once("close", resolve));
  const { console, gateway, wechat, service_key: serviceKey } = await firstLine(child).catch((error) => {
    child.kill();
    throw error;
  });
  const authorization = `Bearer ${serviceKey}`;

  return {
    console,
    gateway,
    wechat,
    serviceKey,

    async stop() {
      child.kill();
      await hasEnded;
    },

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

/** The line that says where everything is. @param {import("node:child_process").ChildProcess} child */
async function firstLine(child) {
  let said = "";
  child.stderr.on("data", (part) => (said += part));
  const failed = (/** @type {string} */ how) => new Error(`${PROGRAM} ${how}:\n${said}`);
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => text),
    once(child, "error").then(([error]) => Promise.reject(failed(error.message))),
    once(child, "close").then(() => Promise.reject(failed("ended"))),
    wait(READY_WITHIN, null, { ref: false }).then(() => Promise.reject(failed("is not ready"))),
  ]);
  return JSON.parse(line);
}

/** @param {string} url @param {{ authorization?: string, body?: object, method?: string }} options */
async function ask(url, { authorization, body, method = body ? "POST" : "GET" }) {
  const headers = { "content-type": "application/json", ...(authorization && { authorization }) };
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** An approval for one user of the mini-program. @param {string} openid @param {Record<string, string>} [data] */
export const approval = (openid, data) => ({
  notification: "approval_submitted",
  to: [{ openid }],
  data: { applicant: "张三", kind: "年假", submitted_at: "2026-11-28 09:30", content: "回家探亲", id: "A-42", ...data },
});

/**
 * Waits until something is so.
 *
 * @template T
 * @param {() => Promise<T>} isSo
 * @returns {Promise<T>} What it was then.
 */
export async function until(isSo, within = 15_000) {
  const end = Date.now() + within;
  for (;;) {
    const now = await isSo();
    if (now) return now;
    if (Date.now() > end) throw new Error(`Not so within ${within} ms: ${isSo}`);
    await wait(50);
  }
}
