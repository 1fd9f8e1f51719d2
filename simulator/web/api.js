/** The simulator said no, in a sentence of its own. */
export class Refused extends Error {}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The control routes.
 *
 * @param {string} [base]  Where the simulator is, if it is not where the page came from.
 */
export function createApi(base = "") {
  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async function ask(method, path, body) {
    const json = body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(base + path, { method, ...json });
    const answer = parsed(await response.text());
    if (!response.ok) throw new Refused(answer?.error ?? `${method} ${path}: HTTP ${response.status}`);
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
