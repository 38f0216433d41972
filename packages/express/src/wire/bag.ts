/**
 * Things that come and go by the thousand in a second. A Map or a Set replaces its table again and again, and each table points to
 * the next: once one of them is old, all that was in the following ones lives on until the great collection. An array has no such past.
 */
export class Bag<T extends { place: number }> {
  readonly #all: T[] = [];

  /** All that are in it, in no order. */
  get all(): readonly T[] {
    return this.#all;
  }

  add(one: T): void {
    one.place = this.#all.push(one) - 1;
  }

  /** Takes out what is in it. The last takes its place. */
  remove(one: T): void {
    const last = this.#all.pop();
    if (last === undefined || last === one) return;
    this.#all[one.place] = last;
    last.place = one.place;
  }
}
