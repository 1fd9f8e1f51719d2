export const wait = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A function that has the task done: at once, never beside itself and never more often than the pause allows.
 * However often it is called meanwhile, that is one more run.
 *
 * @param {() => unknown} task  It must not throw.
 * @param {number} pause  Milliseconds
 */
export function soon(task, pause) {
  let isWanted = false;
  let isRunning = false;
  const run = async () => {
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await task();
      await wait(pause);
    }
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) run();
  };
}
