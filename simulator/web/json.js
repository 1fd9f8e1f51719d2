/**
 * Asks a server in JSON. What it answers is told, whatever it is: whether that is a refusal is for the caller to say.
 *
 * @param {string} url
 * @param {string} method
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<{ ok: boolean, status: number, answer: any }>} The answer is null where it is no JSON.
 */
export async function askInJson(url, method, body, headers = {}) {
  const json = body === undefined ? { headers } : { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(url, { method, ...json });
  return { ok: response.ok, status: response.status, answer: parsed(await response.text()) };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
