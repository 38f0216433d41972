/**
 * Going on with a value that may be there already: no promise is made for one that is.
 */

/** A value now or later. Embedded adapters answer at once, remote ones later. */
export type Awaitable<T> = T | Promise<T>;

/**
 * `next(value)`, at once or when the value comes.
 *
 * @throws what `next` throws, where the value is there; else the promise rejects
 */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
