/**
 * Interleaved rounds: every contender is measured once in each, and the order turns, so that none always runs first or after
 * the same neighbour.
 */
import { digits } from './stats.mjs';

/** Samples of each contender, by round. One that fails is left out from then on, and reported. */
export class Samples {
  #contenders;
  #byContender;
  failures = new Map();

  constructor(contenders) {
    this.#contenders = contenders;
    this.#byContender = new Map(contenders.map((contender) => [contender, []]));
  }

  /** Measures everyone once. `log` is told how it went. */
  async round(number, measure, log) {
    for (const [index] of this.#contenders.entries()) {
      const contender = this.#contenders[(index + number) % this.#contenders.length];
      if (this.failures.has(contender)) continue;
      const started = performance.now();
      try {
        this.#byContender.get(contender)[number] = await measure(contender);
        log(`round ${number + 1}: ${contender.title}: ${digits((performance.now() - started) / 1000)} s`);
      } catch (error) {
        this.failures.set(contender, error.message);
        log(`round ${number + 1}: ${contender.title} failed: ${error.message}`);
      }
    }
  }

  /** One figure of a contender, round by round; NaN where it was not measured. */
  of(contender, figure) {
    return Array.from(this.#byContender.get(contender), (sample) => (sample === undefined ? NaN : figure(sample)));
  }
}
