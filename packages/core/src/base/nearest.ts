/**
 * "Did you mean": the known name that is nearest to a misspelled one.
 */

/** Comparisons that one {@link Suggester} makes: a file with thousands of wrong names must not take minutes. */
const MAX_COMPARISONS = 50_000;
const LONGEST_NAME = 128;
/** The distance of an abbreviation: more than another spelling of the same name, less than a typo. */
const ABBREVIATED = 0.5;

/** A name without the most common differences: case, and how words are joined. */
const fold = (name: string): string => name.toLowerCase().replace(/[\s_./-]/g, '');

/** The number of letters that differ (two swapped neighbours count as one), or `limit + 1` if more than `limit` differ. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return limit + 1;
    before = last;
    last = row;
  }
  return last[b.length] ?? limit + 1;
}

/** The distance of two folded names; more than `limit` if they are not similar. */
function costOf(wrong: string, name: string, limit: number): number {
  if (wrong === name) return 0;
  if (wrong.length > 1 && name.startsWith(wrong)) return ABBREVIATED;
  return distance(wrong, name, limit);
}

/** Finds similar names for one document or command. It gives up after a maximum number of comparisons. */
export class Suggester {
  #left = MAX_COMPARISONS;

  /**
   * The known name that is most similar to a wrong one. The first of equally similar names wins.
   *
   * @returns a name that differs in case, joining or at most a third of its letters (never more than three), or that begins with
   *   the wrong one; undefined if there is none
   */
  nearest(wrong: string, known: Iterable<string>): string | undefined {
    if (wrong === '' || wrong.length > LONGEST_NAME || this.#left <= 0) return undefined;
    const folded = fold(wrong);
    const limit = Math.min(3, Math.floor(folded.length / 3));
    let best: string | undefined;
    let least = limit + 1;
    for (const name of known) {
      if (this.#left-- <= 0) break;
      if (name.length > LONGEST_NAME || name === wrong) continue;
      const cost = costOf(folded, fold(name), limit);
      if (cost >= least) continue;
      best = name;
      least = cost;
      if (cost === 0) break;
    }
    return best;
  }

  /** `; did you mean "x"?`, or an empty text if no name is similar. */
  hint(wrong: string, known: Iterable<string>): string {
    const name = this.nearest(wrong, known);
    return name === undefined ? '' : `; did you mean ${JSON.stringify(name)}?`;
  }
}

/**
 * The known name nearest to a wrong one; see {@link Suggester.nearest}.
 *
 * @param wrong what was written
 * @param known the existing names
 */
export const nearest = (wrong: string, known: Iterable<string>): string | undefined => new Suggester().nearest(wrong, known);

/**
 * The end of an error message about an unknown name: `; did you mean "x"?`, or an empty text if no name is similar.
 *
 * @param wrong what was written
 * @param known the existing names
 */
export const didYouMean = (wrong: string, known: Iterable<string>): string => new Suggester().hint(wrong, known);
