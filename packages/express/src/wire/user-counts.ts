/** Counts objects, such as open sessions: in total, and for each user in each partition. */
import type { Caller } from './caller.js';

/** A key for a user. The same name in another partition is another user. */
export const userKey = ({ partition, subject }: Caller): string => `${partition}\0${subject}`;

/** The counts. A user whose count is zero takes no memory. */
export class UserCounts {
  #total = 0;
  readonly #each = new Map<string, number>();

  /** The count of all users. */
  get total(): number {
    return this.#total;
  }

  /** The count of one user. */
  of(caller: Caller): number {
    return this.#each.get(userKey(caller)) ?? 0;
  }

  /** Counts one object. @returns a function that removes it from the count; call it once */
  take(caller: Caller): () => void {
    const key = userKey(caller);
    this.#total += 1;
    this.#each.set(key, (this.#each.get(key) ?? 0) + 1);
    return () => {
      this.#total -= 1;
      const left = (this.#each.get(key) ?? 0) - 1;
      if (left > 0) this.#each.set(key, left);
      else this.#each.delete(key);
    };
  }
}
