/** Milliseconds until a wait fails: less than the 30 s that tests often have, so that a failure says what was waited for. */
const PATIENCE_MS = 25_000;

/**
 * Waits until a condition of a contract suite holds. The suites run in any test runner, so they have a limit of their own.
 *
 * @param what what is waited for, for the error
 * @throws Error when the condition does not hold after 25 s
 */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !condition();) {
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS / 1_000} s for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
