// Simulated times as WeChat shows them: in Beijing, wherever the browser is.

const BEIJING = 8 * 3600;

/** @param {number} unix */
const iso = (unix) => new Date((unix + BEIJING) * 1000).toISOString();

/** @param {number} unix */
export const dateOf = (unix) => iso(unix).slice(0, 10);

/** @param {number} unix */
export const minuteOf = (unix) => iso(unix).slice(11, 16);

/** @param {number} unix */
export const secondOf = (unix) => iso(unix).slice(11, 19);

/** @param {number} unix */
export const momentOf = (unix) => `${iso(unix).slice(0, 19)}+08:00`;

/**
 * The stamp above a card: the time alone if that was today.
 *
 * @param {number} unix
 * @param {string} today  As `dateOf` writes it
 * @param {(month: number, day: number) => string} dayName
 */
export function stampOf(unix, today, dayName) {
  const date = dateOf(unix);
  if (date === today) return minuteOf(unix);
  const [year, month, day] = date.split("-").map(Number);
  const isThisYear = today.startsWith(String(year));
  return `${isThisYear ? dayName(month, day) : date} ${minuteOf(unix)}`;
}
