// A local stack: the gateway and the simulated WeChat, on free ports, kept nowhere.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PROGRAM = process.env.QUEQIAO ?? here("../../target/debug/queqiao");
const READY_WITHIN = 20_000;

/** Users 0 up to this one follow the Official Account from the start. */
const FOLLOWERS = 2;

/** @typedef {Awaited<ReturnType<typeof startStack>>} Stack */

/** @param {string} catalog The file of the notifications. */
export async function startStack(catalog = here("notifications.toml")) {
  const ports = ["--port", "0", "--simulator-port", "0", "--console-port", "0"];
  const options = ["local", "--ephemeral", ...ports, "--followers", String(FOLLOWERS), "--catalog", catalog, "--log", "json"];
  const child = spawn(PROGRAM, options, { stdio: ["ignore", "pipe", "pipe"] });
  const hasEnded = new Promise((resolve) => child.once("close", resolve));
  const { gateway, wechat, service_key: key } = await firstLine(child).catch((error) => {
    child.kill();
    throw error;
  });

  return {
    gateway,
    wechat,

    async stop() {
      child.kill();
      await hasEnded;
    },

    /** Brings the followers into the map. */
    sync: () => ask(`${gateway}/sync`, { body: {}, authorization: `Bearer ${key}` }),

    /** Ends a session behind its owner's back. @param {string} token */
    end: (token) => ask(`${gateway}/logout`, { body: {}, authorization: `Bearer ${token}` }),

    /** What there is on a user's phone. @param {number} user */
    inbox: (user) => ask(`${wechat}/_sim/messages?user=${user}`),
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

/** @param {string} url @param {{ authorization?: string, body?: object }} [options] */
export async function ask(url, { authorization, body } = {}) {
  const headers = { "content-type": "application/json", ...(authorization && { authorization }) };
  const method = body ? "POST" : "GET";
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

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
