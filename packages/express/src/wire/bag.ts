/**
 * An unordered collection for thousands of short-lived objects a second. Not a Set: the hash tables that a growing Set discards keep
 * such objects alive until the next full garbage collection. `index` belongs to the bag.
 */
export class Bag<T extends { index: number }> {
  readonly #all: T[] = [];

  /** All members, in no particular order. */
  get all(): readonly T[] {
    return this.#all;
  }

  /** Adds an object that is not in the bag. */
  add(one: T): void {
    one.index = this.#all.push(one) - 1;
  }

  /** Removes a member. The last member takes its index. */
  remove(one: T): void {
    const last = this.#all.pop();
    if (last === undefined || last === one) return;
    this.#all[one.index] = last;
    last.index = one.index;
  }
}
