/** Events that wait for one reader. A reader that is too slow loses its subscription, not the memory of the daemon. */
import { ApiError } from '../base/errors.js';

/** A queue for one reader. */
export interface EventQueue<T> extends AsyncIterableIterator<T> {
  /** Adds an event. Does nothing after the end. */
  push(event: T): void;
  next(): Promise<IteratorResult<T>>;
  return(): Promise<IteratorResult<T>>;
}

/** What {@link createEventQueue} takes. */
export interface EventQueueOptions {
  /** Events that may wait. One more ends the queue with an error. */
  max: number;
  /** Ends the queue when it is aborted. */
  signal: AbortSignal;
  /** Called once, at the end of the queue. */
  onEnd: () => void;
}

/**
 * Creates an empty queue. Its `next` throws ApiError `SLOW_READER` once, after more events than allowed have waited; what waited is
 * dropped then.
 */
export function createEventQueue<T>({ max, signal, onEnd }: EventQueueOptions): EventQueue<T> {
  let waiting: T[] = [];
  let readers: { resolve: (result: IteratorResult<T>) => void; reject: (error: unknown) => void }[] = [];
  let failure: ApiError | undefined;
  let ended = false;
  const done: IteratorResult<T> = { done: true, value: undefined };

  function end(): void {
    if (ended) return;
    ended = true;
    waiting = [];
    signal.removeEventListener('abort', end);
    onEnd();
    for (const { resolve } of readers) resolve(done);
    readers = [];
  }

  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });

  return {
    push(event) {
      if (ended) return;
      const reader = readers.shift();
      if (reader !== undefined) return reader.resolve({ done: false, value: event });
      if (waiting.length < max) return void waiting.push(event);
      failure = new ApiError('SLOW_READER', `The reader is too slow: more than ${max} events were waiting for it.`);
      end();
    },
    next() {
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      const event = waiting.shift();
      if (event !== undefined) return Promise.resolve({ done: false, value: event });
      if (ended) return Promise.resolve(done);
      return new Promise((resolve, reject) => readers.push({ resolve, reject }));
    },
    return() {
      end();
      return Promise.resolve(done);
    },
    throw(error: unknown) {
      end();
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
