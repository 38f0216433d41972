/**
 * Waiting in tests. Nothing here has a time limit of its own: the limit of the test counts, and when it is over, the failure says what the
 * test was waiting for. Prefer `arrival` (something tells when it happens); `until` is for what has no event.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** A description, or a function that makes it when the wait has failed, so that it can include a log. */
export type What = string | (() => string);

/** What a condition gives when it holds. */
type Truthy<T> = Exclude<T, undefined | null | false | 0 | ''>;

interface Wait {
  readonly what: What;
  /** Its stack shows where the wait began. */
  readonly begin: Error;
  /** Ends the wait with an error. */
  readonly stop: (error: Error) => void;
}

const waits = new Set<Wait>();

/** Ends the waits that a test has left, and says what they were for. */
function endWaits(): void {
  const left = [...waits];
  waits.clear();
  if (left.length === 0) return;
  const what = left.map((wait) => (typeof wait.what === 'string' ? wait.what : wait.what())).join('; ');
  const error = new Error(`the test ended while it waited for: ${what}`, { cause: left[0]?.begin });
  for (const { stop } of left) stop(error);
  throw error;
}

afterEach(endWaits);
afterAll(endWaits);

/**
 * Waits for a promise. If the test ends first, its failure names what it waited for.
 * @param what what the promise stands for
 * @returns the value of the promise; rejects like the promise, or when the test has ended
 */
export async function arrival<T>(promise: Promise<T>, what: What): Promise<T> {
  let stop: Wait['stop'] = () => {};
  const ended = new Promise<never>((_, reject) => (stop = reject));
  const wait: Wait = { what, stop, begin: new Error('the wait began here') };
  waits.add(wait);
  try {
    return await Promise.race([promise, ended]);
  } finally {
    waits.delete(wait);
  }
}

/**
 * Checks a condition until it holds: in the next turns of the event loop, then every few milliseconds.
 * @param condition may be asynchronous; an error that it throws ends the wait
 * @param what what the condition means, by default its source text
 * @returns what the condition gave, which is truthy
 */
export async function until<T>(condition: () => T | Promise<T>, what: What = () => condition.toString()): Promise<Truthy<T>> {
  let stopped = false;
  const poll = async (): Promise<Truthy<T>> => {
    for (let count = 1; ; count += 1) {
      const value = await condition();
      if (value || stopped) return value as Truthy<T>;
      await (count < 20 ? nextTurn() : sleep(5));
    }
  };
  try {
    return await arrival(poll(), what);
  } finally {
    stopped = true;
  }
}
