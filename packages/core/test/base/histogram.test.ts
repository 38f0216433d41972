import { Histogram } from '../../src/base/histogram.js';

const PARTS = [0.01, 0.5, 0.95, 0.99, 1];

const of = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

/** The nearest-rank percentile. */
const exact = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(part * values.length)) - 1] ?? NaN;

it('percentiles are at most 1 % off, for any distribution', () => {
  const distributions: (() => number)[] = [
    () => Math.random() * 100,
    () => 10 ** (Math.random() * 11 - 3),
    () => 5 + Math.random() / 1_000,
    () => (Math.random() < 0.98 ? 1 + Math.random() : 60_000),
    () => Math.ceil(Math.random() * 3),
  ];
  for (const next of distributions) {
    for (const count of [1, 2, 3, 10, 1_000]) {
      const values = Array.from({ length: count }, next);
      of(values)
        .percentiles(PARTS)
        .forEach((value, index) => {
          const wanted = exact(values, PARTS[index] ?? 0);
          expect(Math.abs(value - wanted)).toBeLessThanOrEqual(wanted * 0.01);
        });
    }
  }
});

it('count, mean and maximum are exact', () => {
  const histogram = of([1.5, 2.5, 1_000.125]);
  expect([histogram.count, histogram.mean, histogram.max]).toEqual([3, 1_004.125 / 3, 1_000.125]);
});

it('values of zero, below zero and below a thousandth count, and percentiles stay between the least and the greatest', () => {
  expect(of([0, 0, 0]).percentiles(PARTS)).toEqual([0, 0, 0, 0, 0]);
  expect(of([-5]).percentiles(PARTS)).toEqual([-5, -5, -5, -5, -5]);
  const [least = NaN, , , , most = NaN] = of([0, 0.000_5, 7]).percentiles(PARTS);
  expect(least).toBeGreaterThanOrEqual(0);
  expect(least).toBeLessThanOrEqual(0.001);
  expect(most).toBe(7);
});

it('a histogram without values has no percentiles', () => {
  const empty = new Histogram();
  expect([empty.count, ...empty.percentiles([0.5])]).toEqual([0, NaN]);
});

it('two histograms that are merged are one of all values', () => {
  const [a, b] = [
    [3, 1, 400],
    [0.5, 3, 90_000],
  ];
  const merged = of(a ?? []);
  merged.merge(of(b ?? []));
  merged.merge(new Histogram());
  const all = of([...(a ?? []), ...(b ?? [])]);
  expect(merged.percentiles(PARTS)).toEqual(all.percentiles(PARTS));
  expect([merged.count, merged.mean, merged.max]).toEqual([all.count, all.mean, all.max]);
});
