/**
 * Looks for tasks whose process has ended: soon after the store was opened, then once a minute. While no process has open tasks, a
 * look is one list that finds nothing. This file is loaded with the daemon, the rest of the tasks only when one is found.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { Store } from '../ports/calls.js';
import type { Logger } from '../ports/logger.js';

/** Not at once: the first calls come first, and short-lived processes leave it to others. */
const FIRST_MS = 1_000;
const EVERY_MS = 60_000;
/** The partition of what processes with tasks say of themselves (owner.ts): no tenant can have this name. */
export const PROCESSES = '_';
/** Prefix of the keys of what they say; their ids follow. */
export const PROCESS_PREFIX = 'process/';

/** What {@link createLostTaskWatch} takes. */
export interface LostTaskWatchOptions {
  /** The store, if it is open. */
  opened: () => Store | undefined;
  /** Whether other processes use it, too. */
  isShared: () => boolean;
  /** Loads the tasks, which end those of ended processes; see `LostTasks.end`. */
  tasks: () => Awaitable<{ endLost(): Promise<number | undefined> }>;
  logger: Logger;
}

/** Looks again and again. */
export interface LostTaskWatch {
  /** Call it when the store is open. A second call does nothing. */
  begin(): void;
  /** Stops. Resolves when the look that runs now has ended. */
  close(): Promise<void>;
}

/** Creates the watch. Its timers keep no process alive. */
export function createLostTaskWatch({ opened, isShared, tasks, logger }: LostTaskWatchOptions): LostTaskWatch {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let isClosed = false;
  /** A store that cannot be read is said once. */
  let isFailing = false;

  async function look(): Promise<number> {
    const { items } = (await opened()?.state?.list(PROCESSES, PROCESS_PREFIX, { limit: 1 })) ?? { items: [] };
    if (items.length === 0 || isClosed) return EVERY_MS;
    const next = await (await tasks()).endLost();
    return Math.min(EVERY_MS, next ?? EVERY_MS);
  }

  function lookIn(ms: number): void {
    if (isClosed) return;
    timer = setTimeout(() => {
      looking = look()
        .then(
          (next) => {
            isFailing = false;
            return next;
          },
          (error: unknown) => {
            if (!isFailing && !isClosed) logger.warn({ error: String(error) }, 'tasks of ended processes cannot be looked for');
            isFailing = true;
            return EVERY_MS;
          },
        )
        .then((next) => lookIn(Math.max(FIRST_MS, next)));
    }, ms).unref();
  }

  return {
    begin() {
      if (timer === undefined && isShared()) lookIn(FIRST_MS);
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
