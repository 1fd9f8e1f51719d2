// A local stack on free ports, kept nowhere, for tests that are written in JavaScript.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = process.env.QUEQIAO ?? fileURLToPath(new URL("../target/debug/queqiao", import.meta.url));
const READY_WITHIN = 20_000;

/**
 * Starts one; gives the line that says where everything is, and what ends it.
 *
 * @param {string[]} options Of `queqiao local`, besides.
 */
export async function start(...options) {
  const ports = ["--port", "0", "--simulator-port", "0", "--console-port", "0"];
  const all = ["local", "--ephemeral", ...ports, "--log", "json", ...options];
  const child = spawn(PROGRAM, all, { stdio: ["ignore", "pipe", "pipe"] });
  const hasEnded = new Promise((resolve) => child.once("close", resolve));
  const ready = await firstLine(child).catch((error) => {
    child.kill();
    throw error;
  });
  const stop = async () => {
    child.kill();
    await hasEnded;
  };
  return { ready, stop };
}

/** @param {import("node:child_process").ChildProcess} child */
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

/** @param {string} url @param {{ authorization?: string, body?: object, method?: string }} [options] */
export async function ask(url, { authorization, body, method = body ? "POST" : "GET" } = {}) {
  const headers = { "content-type": "application/json", ...(authorization && { authorization }) };
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
