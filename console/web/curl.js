// A call as a terminal would make it. The key is named and never shown.

/** In single quotes the shell leaves everything alone but the single quote. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 */
export function curlOf(path, body, headers = {}) {
  const method = body === undefined ? "-X POST " : "";
  const parts = [`curl -s ${method}"$GATEWAY${path}"`, `-H "Authorization: Bearer $KEY"`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H "${name}: ${value}"`);
  if (body !== undefined) parts.push(`-d ${quoted(inLines(/** @type {object} */ (body)))}`);
  return parts.join(" \\\n  ");
}

/** A long line breaks at its blanks; in a text, a line's end is written `\n`. @param {unknown} value */
const spaced = (value) => JSON.stringify(value, null, 1).replace(/\n */g, " ");

/** JSON with a line for each of the outermost keys, to be read and changed. @param {object} body */
const inLines = (body) => `{${Object.entries(body).map(([key, value]) => `${JSON.stringify(key)}: ${spaced(value)}`).join(",\n    ")}}`;

/** A tap of a user's, which needs no key. @param {string} url */
export const curlOfTap = (url) => `curl -s -X POST ${quoted(url)}`;
