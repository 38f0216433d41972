/** Functions that return a generator: yielded values are progress, the returned value is the result. */
import type { FunctionContext } from './context.js';

/** The part of a context that generators need. */
export type GeneratorContext = Pick<FunctionContext, 'progress' | 'signal'>;

/** A generator of either kind. */
export type AnyGenerator = Iterator<unknown, unknown> | AsyncIterator<unknown, unknown>;

/** Milliseconds that a generator may block the event loop. A generator that never awaits would block it forever. */
const HOLD_MS = 10;

/** Whether a function's value is a generator. */
export function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== 'object' || value === null || typeof (value as { next?: unknown }).next !== 'function') return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** Sends a yielded value as progress: a number, a message, or `{ progress?, total?, message? }`. */
function sendProgress(yielded: unknown, count: number, context: GeneratorContext): void {
  if (typeof yielded === 'number') context.progress(yielded);
  else if (typeof yielded === 'string') context.progress(count, undefined, yielded);
  else if (typeof yielded === 'object' && yielded !== null) {
    const { progress = count, total, message } = yielded as { progress?: number; total?: number; message?: string };
    context.progress(progress, total, message);
  }
}

/**
 * Runs a generator to its end.
 *
 * @returns the value that it returns
 * @throws what it throws; the abort reason when the call has ended
 */
export async function runGenerator(generator: AnyGenerator, context: GeneratorContext): Promise<unknown> {
  let count = 0;
  let since = performance.now();
  for (;;) {
    if (performance.now() - since > HOLD_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      since = performance.now();
    }
    if (context.signal.aborted) {
      await generator.return?.();
      throw context.signal.reason;
    }
    const step = await generator.next();
    if (step.done) return step.value;
    count += 1;
    sendProgress(step.value, count, context);
  }
}
