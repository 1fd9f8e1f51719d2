// The key that this page calls with: a secret of the run, behind the # of the address that `queqiao local` printed. It is
// taken out of sight and kept for when the page is opened without it; a browser that keeps nothing does no harm.

const KEPT_AS = "queqiao-console.key";

/** @returns {string} Empty where the page was never opened by that address. */
export function readKey() {
  // Another run's address in the same tab loads nothing by itself.
  addEventListener("hashchange", () => location.reload());
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given === null) return kept();
  history.replaceState(null, "", location.pathname);
  try {
    localStorage.setItem(KEPT_AS, given);
  } catch {
    // Then the page is opened by that address each time.
  }
  return given;
}

function kept() {
  try {
    return localStorage.getItem(KEPT_AS) ?? "";
  } catch {
    return "";
  }
}
