/** An amount per minute, in a window that slides by the second. */

const SECONDS = 60;

/** Sums what was added in the last 60 seconds. It takes the same memory, however much is added. */
export class MinuteWindow {
  readonly #slots = new Float64Array(SECONDS);
  #total = 0;
  /** The second of the newest slot. */
  #newest = -Infinity;

  /** Adds an amount. @param now milliseconds of a clock that never goes back */
  add(amount: number, now: number): void {
    this.#slideTo(now);
    this.#add(this.#newest, amount);
  }

  /** Adds an amount that came evenly over the minute before `now`. */
  addEvenly(amount: number, now: number): void {
    this.#slideTo(now);
    for (let slot = 0; slot < SECONDS; slot++) this.#add(slot, amount / SECONDS);
  }

  /** The sum of the last 60 seconds. */
  total(now: number): number {
    this.#slideTo(now);
    return this.#total;
  }

  /** Milliseconds until the sum is below a limit, from 0 to 60,000, in whole seconds: time is counted in these. */
  untilBelow(limit: number, now: number): number {
    this.#slideTo(now);
    let left = this.#total;
    for (let seconds = 0; seconds < SECONDS; seconds++) {
      if (left < limit) return seconds * 1_000;
      left -= this.#slot(this.#newest + 1 + seconds);
    }
    return SECONDS * 1_000;
  }

  #slot(second: number): number {
    return this.#slots[second % SECONDS] ?? 0;
  }

  #add(second: number, amount: number): void {
    this.#slots[second % SECONDS] = this.#slot(second) + amount;
    this.#total += amount;
  }

  /** Empties the slots that are older than a minute. */
  #slideTo(now: number): void {
    const second = Math.max(0, Math.floor(now / 1_000));
    const passed = second - this.#newest;
    if (passed <= 0) return;
    if (passed >= SECONDS) {
      this.#slots.fill(0);
      this.#total = 0;
    } else {
      for (let at = this.#newest + 1; at <= second; at++) {
        this.#total -= this.#slot(at);
        this.#slots[at % SECONDS] = 0;
      }
      if (this.#total < 1e-6) this.#total = 0; // what is left of adding and subtracting fractions
    }
    this.#newest = second;
  }
}
