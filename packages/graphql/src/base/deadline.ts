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

/** Who makes a request. */
export interface DeadlineCaller {
  readonly signal: AbortSignal;
  /** Runs a piece of work when it is the caller's turn. Default: at once. */
  readonly turn?: ((work: () => void) => void) | undefined;
}

/** See {@link createDeadline}. A class, because it is made for each request: an object with getters of its own costs far more. */
class RequestDeadline implements Deadline {
  readonly #ms: number;
  readonly #until: number;
  readonly #isChange: boolean;
  readonly #caller: DeadlineCaller;
  #failure: ApiError | undefined;
  /** Made when it is asked for. */
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Made when something has to be waited for: most reads give their value at once. */
  #over: Promise<never> | undefined;
  #reject: ((error: ApiError) => void) | undefined;
  #stopListening: (() => void) | undefined;

  constructor(ms: number, caller: DeadlineCaller, isChange: boolean) {
    this.#ms = ms;
    this.#isChange = isChange;
    this.#until = performance.now() + ms;
    this.#caller = caller;
  }

  get passed(): boolean {
    return this.#failure !== undefined;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#failure !== undefined) this.#controller.abort(this.#failure);
    return this.#controller.signal;
  }

  within<T>(load: () => Awaitable<T>): Awaitable<T> {
    if (this.#failure === undefined && performance.now() > this.#until) this.#onTime();
    if (this.#failure !== undefined) throw this.#failure;
    const value = this.#caller.turn === undefined ? load() : this.#inTurn(load, this.#caller.turn);
    if (!isPromise(value)) return value;
    value.catch(() => undefined); // it may fail after the time is over
    return Promise.race([value, this.#wait()]);
  }

  /** Reads when it is the caller's turn: a request may read many pages, each of which takes some milliseconds. */
  #inTurn<T>(load: () => Awaitable<T>, turn: (work: () => void) => void): Awaitable<T> {
    let read: (() => Awaitable<T>) | undefined;
    let later: (() => void) | undefined;
    turn(() => {
      try {
        if (this.#failure !== undefined) throw this.#failure;
        const value = load();
        read = () => value;
      } catch (error) {
        read = () => {
          throw error;
        };
      }
      later?.();
    });
    if (read !== undefined) return (read as () => Awaitable<T>)();
    return new Promise<void>((resolve) => (later = resolve)).then(() => (read as () => Awaitable<T>)());
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#stopListening?.();
  }

  #fail(error: ApiError): void {
    this.#failure ??= error;
    clearTimeout(this.#timer);
    this.#reject?.(this.#failure);
    this.#controller?.abort(this.#failure);
  }

  #onTime(): void {
    const doubt = this.#isChange ? ' The change may be made all the same: look before you repeat it.' : '';
    this.#fail(new ApiError('TIMEOUT', `The store did not answer within ${this.#ms} ms.${doubt}`));
  }

  #wait(): Promise<never> {
    if (this.#over !== undefined) return this.#over;
    this.#over = new Promise<never>((_resolve, reject) => (this.#reject = reject));
    this.#over.catch(() => undefined); // those who race against it get the error
    const { signal } = this.#caller;
    const onAbort = (): void => this.#fail(new ApiError('CANCELLED', 'The client has ended the request.'));
    if (signal.aborted) onAbort();
    if (this.#failure !== undefined) this.#reject?.(this.#failure);
    else {
      this.#timer = setTimeout(() => this.#onTime(), Math.max(0, this.#until - performance.now()));
      this.#timer.unref();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#stopListening = () => signal.removeEventListener('abort', onAbort);
    }
    return this.#over;
  }
}

/**
 * Begins the time limit of a request.
 *
 * @param ms milliseconds
 * @param caller who makes the request. The signal is read when something has to be waited for: making one costs time
 * @param isChange whether the request changes something: it may go on after the time limit, and the error says so
 */
export const createDeadline = (ms: number, caller: DeadlineCaller, isChange: boolean): Deadline =>
  new RequestDeadline(ms, caller, isChange);
