// Whoever presses Send again because no answer came means the same message: by the same key it is sent once.

import { keep, kept } from "./kept.js";

const KEPT_AS = "unanswered";

export function createSendKeys() {
  /** By what was sent and not answered yet; a reload of the page loses an answer too. @type {Record<string, string>} */
  let keys = kept(KEPT_AS, {});

  /** @param {Record<string, string>} all */
  const note = (all) => keep(KEPT_AS, (keys = all));

  return {
    /** @param {object} message */
    keyOf(message) {
      const content = JSON.stringify(message);
      if (!keys[content]) note({ ...keys, [content]: crypto.randomUUID() });
      return keys[content];
    },
    /** The answer is here: the same once more is another message. @param {object} message */
    done(message) {
      const { [JSON.stringify(message)]: _, ...others } = keys;
      note(others);
    },
  };
}
