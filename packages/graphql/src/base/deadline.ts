/** The time limit of one request. Reads of the store are raced against it, so that a store that hangs holds up nothing. */
import type { Awaitable } from '@mcp-daemon/core';

import { ApiError } from './errors.js';

/** The time limit of one request. */
export interface Deadline {
  /** Whether the time is over, or the client has gone. */
  readonly passed: boolean;
  /** Aborted when the time is over, or the client has gone: for reads that can be stopped. */
  readonly signal: AbortSignal;
  /**
   * What `load` gives, unless the time is over first.
   *
   * @throws ApiError `TIMEOUT`, `CANCELLED`; what `load` throws
   */
  within<T>(load: () => Awaitable<T>): Awaitable<T>;
  /** Ends the timer. */
  end(): void;
}

/** Whether a value is a promise. */
export const isPromise = <T>(value: Awaitable<T>): value is Promise<T> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

/** Calls `next` with a value, at once if it is there already. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Begins the time limit of a request. @param ms milliseconds */
export function createDeadline(ms: number, signal: AbortSignal): Deadline {
  let failure: ApiError | undefined;
  /** Made when somebody asks for it. */
  let controller: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Made when something has to be waited for: most reads give their value at once. */
  let over: Promise<never> | undefined;
  let reject: ((error: ApiError) => void) | undefined;
  const until = performance.now() + ms;

  function fail(error: ApiError): void {
    failure ??= error;
    clearTimeout(timer);
    reject?.(failure);
    controller?.abort(failure);
  }
  const onTime = (): void => fail(new ApiError('TIMEOUT', `The store did not answer within ${ms} ms.`));
  const onAbort = (): void => fail(new ApiError('CANCELLED', 'The client has ended the request.'));
  if (signal.aborted) onAbort();

  function wait(): Promise<never> {
    if (over !== undefined) return over;
    over = new Promise<never>((_resolve, rejects) => (reject = rejects));
    over.catch(() => undefined); // those who race against it get the error
    if (failure !== undefined) reject?.(failure);
    else {
      timer = setTimeout(onTime, Math.max(0, until - performance.now()));
      timer.unref();
      signal.addEventListener('abort', onAbort, { once: true });
    }
    return over;
  }

  return {
    get passed() {
      return failure !== undefined;
    },
    get signal() {
      controller ??= new AbortController();
      if (failure !== undefined) controller.abort(failure);
      return controller.signal;
    },
    within<T>(load: () => Awaitable<T>): Awaitable<T> {
      if (failure === undefined && performance.now() > until) onTime();
      if (failure !== undefined) throw failure;
      const value = load();
      if (!isPromise(value)) return value;
      value.catch(() => undefined); // it may fail after the time is over
      return Promise.race([value, wait()]);
    },
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}
