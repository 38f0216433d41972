/** Waits longer after each failure in a row. After the first there is no wait. */

const FIRST_MS = 500;
const LONGEST_MS = 60_000;
/** What ran for so long before it failed is not a failure in a row. */
const STABLE_MS = 30_000;

/** The waits between attempts. */
export class BackOff {
  #failures = 0;
  #nextAt = 0;
  #since: number | undefined;

  /** Milliseconds until the next attempt; 0: at once. */
  get waitMs(): number {
    return Math.max(0, this.#nextAt - performance.now());
  }

  succeeded(): void {
    this.#since = performance.now();
    this.#nextAt = 0;
  }

  failed(): void {
    const now = performance.now();
    if (this.#since !== undefined && now - this.#since > STABLE_MS) this.#failures = 0;
    this.#since = undefined;
    this.#nextAt = now + Math.min(LONGEST_MS, this.#failures === 0 ? 0 : FIRST_MS * 2 ** (this.#failures - 1));
    this.#failures += 1;
  }
}
