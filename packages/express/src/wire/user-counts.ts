/** How much of something there is at once: in all, and for each user in each partition. */
import type { Caller } from './caller.js';

/** Tells users apart: one of the same name in another partition is somebody else. */
export const userKey = ({ partition, subject }: Caller): string => `${partition}\0${subject}`;

/** Counts. It keeps nothing of users who hold nothing. */
export class UserCounts {
  #total = 0;
  readonly #each = new Map<string, number>();

  get total(): number {
    return this.#total;
  }

  of(caller: Caller): number {
    return this.#each.get(userKey(caller)) ?? 0;
  }

  /** @returns gives it back: to be called once */
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
