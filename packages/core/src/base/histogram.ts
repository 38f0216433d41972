/**
 * Percentiles without keeping all values: values are counted in buckets, each 2 % wider than the one before. Two histograms can be
 * added up, and the sum is the same in whatever order values came.
 */

/** The ratio of the upper bounds of two neighbouring buckets. A bucket's middle is at most 1 % off any of its values. */
const GROWTH = 1.02;
const BY_LOG = 1 / Math.log(GROWTH);
/** Values up to this one share the first bucket. */
const SMALLEST = 0.001;
const TO_MIDDLE = 2 / (1 + GROWTH);

const bucketOf = (value: number): number => (value <= SMALLEST ? 0 : Math.ceil(Math.log(value / SMALLEST) * BY_LOG));
const middleOf = (bucket: number): number => SMALLEST * GROWTH ** bucket * TO_MIDDLE;

/** Counted values. */
export class Histogram {
  readonly #buckets = new Map<number, number>();
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The mean of all values, exact but for rounding; NaN if there is none. */
  get mean(): number {
    return this.#sum / this.#count;
  }

  /** The greatest value, exactly; -Infinity if there is none. */
  get max(): number {
    return this.#max;
  }

  /** Counts a value. @param value any finite number; values of 0.001 or less count as one */
  add(value: number): void {
    const bucket = bucketOf(value);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** Adds all values of another histogram. */
  merge(other: Histogram): void {
    for (const [bucket, count] of other.#buckets) this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + count);
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /**
   * The smallest values that at least these parts of all values do not exceed (nearest rank), at most 1 % off.
   *
   * @param parts in rising order, each above 0 and at most 1
   * @returns one value per part; NaN if there is no value
   */
  percentiles(parts: readonly number[]): number[] {
    const buckets = [...this.#buckets].sort(([a], [b]) => a - b);
    let at = 0;
    let seen = 0;
    return parts.map((part) => {
      const rank = Math.max(1, Math.ceil(part * this.#count));
      while (at < buckets.length && seen + (buckets[at]?.[1] ?? 0) < rank) seen += buckets[at++]?.[1] ?? 0;
      const [bucket] = buckets[at] ?? [];
      return bucket === undefined ? NaN : Math.min(this.#max, Math.max(this.#min, middleOf(bucket)));
    });
  }
}
