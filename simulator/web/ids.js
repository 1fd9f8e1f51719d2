/** Openids of one account begin alike: the end tells them apart. @param {string} id */
export const shortened = (id) => (id.length > 14 ? `${id.slice(0, 4)}…${id.slice(-5)}` : id);
