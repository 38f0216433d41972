/**
 * Interleaved rounds: each round measures every contender once, in rotating order, so that none always runs first or after
 * the same neighbour.
 */
import { digits } from './stats.mjs';

/** Samples of each contender, by round. A contender that fails is reported and left out of later rounds. */
export class Samples {
  #contenders;
  #byContender;
  failures = new Map();

  constructor(contenders) {
    this.#contenders = contenders;
    this.#byContender = new Map(contenders.map((contender) => [contender, []]));
  }

  /** Measures every contender once. `log` gets the result of each. */
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

  /** One value of a contender for each round; NaN if it was not measured. */
  of(contender, figure) {
    return Array.from(this.#byContender.get(contender), (sample) => (sample === undefined ? NaN : figure(sample)));
  }
}
