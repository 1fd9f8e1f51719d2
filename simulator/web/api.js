import { askInJson } from "./json.js";

/** The simulator said no, in a sentence of its own. */
export class Refused extends Error {}

/** The control routes. */
export function createApi() {
  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async function ask(method, path, body) {
    const { ok, status, answer } = await askInJson(path, method, body);
    if (!ok) throw new Refused(answer?.error ?? `${method} ${path}: HTTP ${status}`);
    return answer;
  }

  return {
    /** @param {string} path */
    get: (path) => ask("GET", path),
    /** @param {string} path @param {unknown} [body] */
    post: (path, body = {}) => ask("POST", path, body),
    /** @param {string} path */
    remove: (path) => ask("DELETE", path),
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */
