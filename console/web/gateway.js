import { askInJson } from "/_sim/ui/json.js";

/** The gateway said no, as a problem: a stable code and a sentence. */
export class Problem extends Error {
  /** @param {number} status @param {{ code?: string, detail?: string, message?: string } | null} body */
  constructor(status, body) {
    super(body?.detail ?? body?.message ?? `HTTP ${status}`);
    this.status = status;
    /** @type {import("./types.js").Refusal} */
    this.refusal = { code: body?.code ?? null, detail: this.message };
  }
}

/** What the page's server says to whoever has not the key of this run. */
const WRONG_KEY = "wrong_console_key";

/**
 * The gateway's public routes, through the page's server, which adds the service key.
 *
 * @param {string} key  The page's own, which that server wants.
 * @param {() => unknown} tellWrong  It is another run's, or none.
 */
export function createGateway(key, tellWrong) {
  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   */
  async function ask(method, path, body, headers) {
    const { ok, status, answer } = await askInJson(`/api${path}`, method, body, { ...headers, authorization: `Bearer ${key}` });
    if (answer?.code === WRONG_KEY) tellWrong();
    if (!ok) throw new Problem(status, answer);
    return { status, answer };
  }

  return {
    /** @param {string} path */
    get: async (path) => (await ask("GET", path)).answer,
    /** @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
    post: (path, body, headers) => ask("POST", path, body, headers),
  };
}

/** @typedef {ReturnType<typeof createGateway>} Gateway */
