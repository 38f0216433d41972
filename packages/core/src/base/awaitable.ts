/** Values that may be available without a promise, so that code can continue synchronously. */

/** A value, or a promise of one. Embedded adapters return values, remote ones promises. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Calls `next` with the value: synchronously, or when the promise resolves.
 *
 * @returns the result of `next`
 * @throws what `next` throws if the value is not a promise; else the promise rejects
 */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Whether a value is a promise of any kind: an adapter's may be of another library, or of another realm. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/**
 * Calls an adapter's function, and returns its value or a native promise. It never throws: if the function throws, the promise
 * rejects.
 */
export function attempt<T>(call: () => Awaitable<T>): Awaitable<T> {
  try {
    const value = call();
    return !(value instanceof Promise) && isThenable(value) ? Promise.resolve(value as PromiseLike<T>) : value;
  } catch (error) {
    return Promise.reject(error);
  }
}
