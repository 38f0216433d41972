/** The upper bounds of the buckets, in seconds: from half a millisecond to five minutes. */
const BOUNDS: readonly number[] = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30, 60, 300],
];

/** Durations in seconds: one series of a Prometheus histogram. */
export class Distribution {
  /** How many values are in each bucket, not cumulated. The last bucket has the values above all bounds. */
  readonly #counts = Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;

  /** Adds a value. A negative or infinite value counts as 0. */
  observe(seconds: number): void {
    const time = seconds > 0 && seconds < Infinity ? seconds : 0;
    let index = 0;
    for (const bound of BOUNDS) {
      if (time <= bound) break;
      index += 1;
    }
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += time;
  }

  /** The lines of the series. @param labels the labels as text, without braces */
  lines(name: string, labels: string): string[] {
    let count = 0;
    const buckets = this.#counts.map((more, index) => {
      count += more;
      return `${name}_bucket{${labels},le="${BOUNDS[index] ?? '+Inf'}"} ${count}`;
    });
    return [...buckets, `${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${count}`];
  }
}
