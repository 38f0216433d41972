/**
 * "Did you mean ...?"
 */

/** Names that differ in nothing but these are the same to a human. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_.\s/]/g, '');

/** Levenshtein's distance; anything above `limit` is reported as `limit + 1`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    before = row;
  }
  return before[b.length] ?? limit + 1;
}

/**
 * The candidate that the author of `name` may have meant, or undefined.
 *
 * @param name what was written
 * @param candidates what there is
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(name);
  // A short name is near to everything.
  const limit = wanted.length < 4 ? 1 : wanted.length < 9 ? 2 : 3;
  let best: { candidate: string; far: number } | undefined;
  for (const candidate of candidates) {
    if (candidate === name) continue;
    const far = distance(wanted, plain(candidate), limit);
    if (far <= limit && (best === undefined || far < best.far)) best = { candidate, far };
  }
  return best?.candidate;
}
