/**
 * Ends runs that are cancelled or reach their time limit. The timer of a run starts when its turn of the event loop ends: most
 * runs have ended by then, and need no timer.
 */
import type { Logger } from '../ports/logger.js';
import { FunctionContext } from './context.js';
import type { Outcome } from './outcome.js';
import { failed } from './outcome.js';
import type { Run } from './run.js';
import type { RunScope } from './scope.js';

/** Waits for a run until it ends, is cancelled or reaches its time limit. It never rejects. */
export type UnderLimits = (
  promise: PromiseLike<Outcome>,
  run: Run,
  scope: RunScope,
  context: FunctionContext,
) => Promise<Outcome>;

/** An active run that has no timer yet. */
interface Pending {
  arm(): void;
}

/**
 * Creates the limits of an executor.
 *
 * @param timeoutMs milliseconds, for definitions without their own time limit
 */
export function createRunLimits({ timeoutMs, logger }: { timeoutMs: number; logger: Logger }): UnderLimits {
  let pending: Pending[] = [];

  const armPending = (): void => {
    const runs = pending;
    pending = [];
    for (const run of runs) run.arm();
  };

  return (promise, run, scope, context) =>
    new Promise((resolve) => {
      let settled = false;
      let disarm = (): void => undefined;
      const settle = (outcome: Outcome): void => {
        if (settled) return;
        settled = true;
        disarm();
        FunctionContext.end(context);
        resolve(outcome);
      };
      const ended = (outcome: Outcome): void => {
        if (settled && outcome.kind === 'error') {
          logger.debug({ name: run.definition.name, error: outcome.message }, 'a function failed after its call had ended');
        }
        settle(outcome);
      };
      promise.then(ended, (cause: unknown) => ended(failed(cause)));
      const arm = (): void => {
        if (settled) return;
        const { signal } = run.request.exchange;
        const limit = run.definition.timeout_ms ?? timeoutMs;
        const cancel = (): void => {
          scope.end('cancelled');
          settle({ kind: 'cancelled' });
        };
        const timer = setTimeout(() => {
          scope.end('timed_out');
          settle({ kind: 'timed_out', afterMs: limit });
        }, limit);
        signal.addEventListener('abort', cancel, { once: true });
        disarm = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', cancel);
        };
        if (signal.aborted) cancel();
      };
      if (pending.push({ arm }) === 1) setImmediate(armPending);
    });
}
