import { Refused } from "/_sim/ui/api.js";

/** The gateway said no, as a problem: a stable code and a sentence. */
export class Problem extends Refused {
  /** @param {number} status @param {{ code?: string, detail?: string, message?: string } | null} body */
  constructor(status, body) {
    super(body?.detail ?? body?.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = body?.code ?? null;
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The gateway's public routes, through the page's server, which adds the service key.
 *
 * @param {string} [base]
 */
export function createGateway(base = "/api") {
  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   */
  async function ask(method, path, body, headers = {}) {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const typed = body === undefined ? headers : { ...headers, "content-type": "application/json" };
    const response = await fetch(base + path, { method, headers: typed, ...json });
    const answer = parsed(await response.text());
    if (!response.ok) throw new Problem(response.status, answer);
    return { status: response.status, answer };
  }

  return {
    /** @param {string} path */
    get: async (path) => (await ask("GET", path)).answer,
    /** @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
    post: (path, body, headers) => ask("POST", path, body, headers),
  };
}

/** @typedef {ReturnType<typeof createGateway>} Gateway */
