/** Tells a file that is being saved from a file with mistakes: editors and deployments may empty a file before they write it. */

/** Milliseconds without another change after which a file counts as saved. */
export const SAVING_MS = 1_000;

/** What {@link createUnfinished} returns. */
export interface Unfinished {
  /**
   * Call it with each version of the file that cannot be read as a whole.
   *
   * @returns milliseconds to wait for another version; 0: the file is saved, and has mistakes
   */
  waitMs(version: string | undefined): number;
}

/** Creates an {@link Unfinished} for one file. It compares versions and not their times: the clock of the disk may be another one. */
export function createUnfinished(): Unfinished {
  let seen: string | undefined | null = null;
  let since = 0;
  return {
    waitMs(version) {
      const now = performance.now();
      if (version !== seen) [seen, since] = [version, now];
      return Math.max(0, since + SAVING_MS - now);
    },
  };
}
