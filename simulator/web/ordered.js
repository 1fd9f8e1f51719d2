// Which faults the switches of this tab ordered, so that they are still on after the page was loaded again.

const KEY = "wechat-simulator.ordered";

/** @returns {Record<string, number>} */
export function rememberedOrders() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {Record<string, number>} ordered */
export function rememberOrders(ordered) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(ordered));
  } catch {
    // Then the switches are off after a reload, and the list of what is in force has them all the same.
  }
}
