/**
 * Medians, spans and ratios of samples.
 */
const byValue = (a, b) => a - b;

/** The quantile `part` (0 to 1) of the samples, by nearest rank. */
export function percentile(samples, part) {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

/** Median, minimum and maximum of the samples; NaN is ignored. */
export function summary(samples) {
  const sorted = samples.filter(Number.isFinite).sort(byValue);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

/** Each round's value divided by the base's value of the same round. */
export const ratios = (samples, base) => samples.map((value, round) => value / base[round]);

/** A number with three significant digits. */
export function digits(value) {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** `median (minimum..maximum)` of samples. */
export function span(samples) {
  const { median, min, max } = summary(samples);
  if (!Number.isFinite(median)) return '-';
  return min === max ? digits(median) : `${digits(median)} (${digits(min)}..${digits(max)})`;
}

/** The median of samples. */
export const middle = (samples) => digits(summary(samples).median);
