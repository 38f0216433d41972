/**
 * Maintains existing records: marks open calls of ended processes as interrupted, and removes old records, and shared state that has
 * expired.
 *
 * This is only the policy; the store does the removing. The store knows when records were last pruned, so that processes that
 * share it do not repeat the work. Short-lived processes prune when they end.
 */
import type { LastPrune, Retention, Store } from '../ports/calls.js';
import type { Logger } from '../ports/logger.js';
import { createClock } from './clock.js';

/** How many records are kept. */
export interface RetentionOptions {
  /** Milliseconds. Default 30 days. */
  maxAgeMs?: number;
  /** Records of a partition. Default 100,000. */
  maxCount?: number;
  /** Maximum size of the store in bytes, for all partitions together; 0: no limit. Default 1 GB. */
  maxBytes?: number;
}

/** What {@link createUpkeep} takes. */
export interface UpkeepOptions {
  /** The store, if it is open. */
  store: () => Store | undefined;
  logger: Logger;
  retention?: RetentionOptions;
}

/** The maintenance of one store. */
export interface Upkeep {
  /** Call it when the store is open. */
  begin(): void;
  /** Counts what was written: the partition, and the number of characters of bodies. */
  wrote(partition: string, chars: number): void;
  /** Stops the timers, and prunes if it is due, within a time limit. Call it before the store is closed. Never rejects. */
  end(): Promise<void>;
}

/** The search for interrupted calls opens the store's file, which may take 50 ms: not while the event loop is busier than this. */
const BUSY_LOOP = 0.5;
const INTERRUPT_AFTER_MS = 200;
/** A busy event loop delays the search at most this many times. */
const INTERRUPT_DELAYS = 10;
const PRUNE_FIRST_MS = 30_000;
const PRUNE_EVERY_MS = 10 * 60_000;
/** Not at once: the calls that wrote so much are still running. */
const SHRINK_AFTER_MS = 1_000;
/** Time limit of the prune at the end of a process. */
const END_MS = 100;
/** A clock that jumped is trusted again after this time. */
const STEADY_MS = 10 * 60_000;

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Creates the maintenance of a store. It does nothing before `begin()`. */
export function createUpkeep({ store, logger, retention = {} }: UpkeepOptions): Upkeep {
  const { maxAgeMs = 30 * 24 * 60 * 60_000, maxCount = 100_000, maxBytes = 1_000_000_000 } = retention;
  const clock = createClock();
  const partitions = new Set<string>();
  /** Number of characters to write before the size of the store is checked again. */
  const shrinkAfterChars = maxBytes === 0 ? Infinity : Math.max(maxBytes / 20, 1_000);
  let chars = 0;
  let interrupting: NodeJS.Timeout | undefined;
  let pruning: NodeJS.Timeout | undefined;
  let shrinking: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let ended = false;
  /** From now on, failures are expected, because the store is closed. */
  let abandoned = false;

  function failed(error: unknown, fields: object = {}): void {
    if (!abandoned) logger.warn({ ...fields, error: message(error) }, 'old records could not be removed');
  }

  /** Marks open calls of ended processes as interrupted. Runs once. */
  async function interrupt(): Promise<void> {
    if (interrupting === undefined) return;
    clearTimeout(interrupting);
    interrupting = undefined;
    try {
      const interrupted = (await store()?.calls.interrupt()) ?? 0;
      if (interrupted > 0) logger.warn({ interrupted }, `${interrupted} calls were interrupted when an earlier process ended`);
    } catch (error) {
      logger.warn({ error: message(error) }, 'the search for interrupted calls failed');
    }
  }

  /** Not now: the first call waits for the store, and must not wait for this work, too. */
  function interruptSoon(delays = INTERRUPT_DELAYS): void {
    const before = performance.eventLoopUtilization();
    interrupting = setTimeout(() => {
      const isBusy = performance.eventLoopUtilization(before).utilization > BUSY_LOOP;
      if (isBusy && delays > 0) interruptSoon(delays - 1);
      else void interrupt();
    }, INTERRUPT_AFTER_MS).unref();
  }

  function isDue(last: LastPrune | undefined, now: number): boolean {
    // A time in the future comes from a wrong clock, of another process or of this one. It must not delay pruning.
    if (last === undefined || last.at > now || now - last.at >= PRUNE_EVERY_MS) return true;
    return last.added > maxCount / 20;
  }

  /**
   * A clock that is wrongly set ahead must not delete records. If much time seems to have passed since the last prune, the clock
   * must run for ten minutes without a jump before records count as old.
   */
  const isBelieved = (last: LastPrune | undefined, now: number): boolean =>
    (last !== undefined && now - last.at <= maxAgeMs / 2) || clock.steadyMs() >= STEADY_MS;

  async function shrink(withinMs?: number): Promise<void> {
    chars = 0;
    if (maxBytes === 0) return;
    try {
      const removed = (await store()?.calls.shrink?.(maxBytes, withinMs)) ?? 0;
      if (removed > 0) logger.info({ removed, maxBytes }, `the record is full: the oldest ${removed} call records were removed`);
    } catch (error) {
      failed(error);
    }
  }

  async function sweepState(withinMs?: number): Promise<void> {
    try {
      const removed = (await store()?.state?.sweep(withinMs)) ?? 0;
      if (removed > 0) logger.debug({ removed }, 'shared state that had expired was removed');
    } catch (error) {
      failed(error, { what: 'state' });
    }
  }

  async function prunePartition(partition: string, keep: Retention): Promise<boolean> {
    try {
      await store()?.calls.prune(partition, keep);
      return true;
    } catch (error) {
      failed(error, { partition });
      return false;
    }
  }

  async function prune(withinMs?: number): Promise<void> {
    const calls = store()?.calls;
    const now = Date.now();
    let last: LastPrune | undefined;
    try {
      last = await calls?.lastPrune?.();
      if (calls?.lastPrune !== undefined && !isDue(last, now)) return;
    } catch (error) {
      failed(error);
      return;
    }
    // A store that only this process uses has no records from an earlier clock.
    const believed = calls?.lastPrune === undefined || isBelieved(last, now);
    const began = performance.now();
    const left = (): { withinMs?: number } =>
      withinMs === undefined ? {} : { withinMs: Math.max(1, withinMs - (performance.now() - began)) };
    let done = true;
    for (const partition of partitions) {
      const keep: Retention = { ...(believed ? { before: now - maxAgeMs } : {}), count: maxCount, ...left() };
      done = (await prunePartition(partition, keep)) && done;
    }
    await sweepState(left().withinMs);
    await shrink(left().withinMs);
    // Do not store the time of an untrusted clock: the next prune would trust it.
    if (!done || (last !== undefined && !believed)) return;
    try {
      await calls?.pruned?.(now);
    } catch (error) {
      logger.debug({ error: message(error) }, 'the time of the last prune could not be stored');
    }
  }

  /** One run at a time. */
  function alone(work: () => Promise<void>): Promise<void> {
    const before = running ?? Promise.resolve();
    const now: Promise<void> = before.then(work).finally(() => {
      if (running === now) running = undefined;
    });
    running = now;
    return now;
  }

  function schedule(delay: number): void {
    if (ended) return;
    pruning = setTimeout(() => void alone(prune).finally(() => schedule(PRUNE_EVERY_MS)), delay).unref();
  }

  return {
    begin() {
      interruptSoon();
      schedule(PRUNE_FIRST_MS);
    },
    wrote(partition, count) {
      partitions.add(partition);
      chars += count;
      if (chars < shrinkAfterChars || shrinking !== undefined || ended) return;
      shrinking = setTimeout(() => {
        shrinking = undefined;
        void alone(shrink);
      }, SHRINK_AFTER_MS).unref();
    },
    async end() {
      ended = true;
      clearTimeout(pruning);
      clearTimeout(shrinking);
      await interrupt(); // even if the process was too short-lived for the timer
      if (running === undefined && partitions.size > 0 && store() !== undefined) await alone(() => prune(END_MS));
      // A prune that cannot finish is done by another process, or at the next start.
      if (running !== undefined) await Promise.race([running, new Promise((resolve) => setTimeout(resolve, END_MS).unref())]);
      abandoned = true;
    },
  };
}
