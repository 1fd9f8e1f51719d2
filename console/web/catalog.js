// The notifications that can be sent, and what each wants to know.

/** @import { Entry, TemplateProblem } from "./types.js" */
/** @import { Template } from "/_sim/ui/types.js" */

/**
 * @typedef {object} Field  A placeholder of a notification's texts or pages.
 * @property {string} name
 * @property {string} [label]  What the card has before it, where it stands alone in its line.
 * @property {string} [field]  The line's name, which begins with its type.
 * @property {string} [format]  What the catalog says that it is given in, if not as its type is.
 * @property {string[]} [values]  The approved ones.
 * @property {string} [page]  The page that it is in, where no line has it.
 *
 * @typedef {object} Notification
 * @property {string} name
 * @property {string} [title]
 * @property {Field[]} fields
 * @property {string} [fallback]  The template of the subscribe message that stands in.
 * @property {TemplateProblem[]} problems
 */

const FIRST_CHOICE = "approval_submitted";
const PLACEHOLDER = /\{([^}]*)\}/g;

/** @param {string | undefined} text */
const namesIn = (text) => [...(text ?? "").matchAll(PLACEHOLDER)].map(([, name]) => name);

/** @param {string} field  `character_string5` */
export const kindOf = (field) => field.replace(/\d+$/, "");

/**
 * @param {Entry[]} entries
 * @param {Template[]} templates  The simulator's, for as long as the gateway has not listed them.
 * @returns {Notification[]}
 */
export function notificationsOf(entries, templates) {
  const all = entries.map((entry) => labelled(entry, templates.find(({ id }) => id === entry.template_id)));
  const names = [...new Set(all.map(({ notification }) => notification))];
  return names.map((name) => {
    const both = all.filter(({ notification }) => notification === name).sort((one, other) => rank(one) - rank(other));
    return {
      name,
      title: both.find(({ title }) => title)?.title,
      fields: fieldsOf(both),
      fallback: both.find(({ channel }) => channel === "subscribe")?.template_id,
      problems: both.flatMap(({ problems }) => problems),
    };
  });
}

/** @param {Notification[]} notifications @param {string} name */
export function chosenOf(notifications, name) {
  const fine = notifications.filter(({ problems }) => problems.length === 0);
  return (
    notifications.find((one) => one.name === name) ??
    fine.find((one) => one.name === FIRST_CHOICE) ??
    fine[0] ??
    notifications[0]
  );
}

/** @param {Entry} entry */
const rank = ({ channel }) => (channel === "template" ? 0 : 1);

/**
 * @param {Entry} entry
 * @param {Template & { lines?: { field: string, label: string }[] } | undefined} template
 * @returns {Entry}
 */
function labelled(entry, template) {
  if (entry.title || !template?.lines) return entry;
  const order = template.lines.map(({ field }) => field);
  const place = (/** @type {{ field: string }} */ { field }) => (order.includes(field) ? order.indexOf(field) : order.length);
  const lines = entry.lines
    .map((line) => ({ ...line, label: template.lines?.find(({ field }) => field === line.field)?.label }))
    .sort((one, other) => place(one) - place(other));
  return { ...entry, title: template.title, lines };
}

/** @param {Entry[]} entries @returns {Field[]} */
function fieldsOf(entries) {
  /** @type {Map<string, Field>} */
  const fields = new Map();
  for (const { field, label, text, format, values } of entries.flatMap(({ lines }) => lines)) {
    for (const name of namesIn(text)) {
      const isAlone = text === `{${name}}`;
      const known = fields.get(name);
      const said = isAlone ? { label, format, values } : {};
      if (!known) fields.set(name, { name, field, ...said });
      else if (!known.label && isAlone) fields.set(name, { ...known, field, ...said });
    }
  }
  for (const { page } of entries) {
    for (const name of namesIn(page)) if (!fields.has(name)) fields.set(name, { name, page });
  }
  return [...fields.values()];
}
