/**
 * Looks after what is recorded already: marks calls that ended processes left open, and removes what the retention does not keep.
 *
 * Policy only; a store removes. Processes that share a store see from it when records were last pruned, so that many of them do not do
 * the same work, and short-lived ones prune as they end.
 */
import type { LastPrune, Retention, Store } from '../ports/calls.js';
import type { Logger } from '../ports/logger.js';
import { createClock } from './clock.js';

/** How much is kept. */
export interface RetentionOptions {
  /** Milliseconds. Default 30 days. */
  maxAgeMs?: number;
  /** Records of a partition. Default 100,000. */
  maxCount?: number;
  /** Bytes that the store takes, of all partitions together; 0: no bound. Default 1 GB. */
  maxBytes?: number;
}

/** What {@link createUpkeep} takes. */
export interface UpkeepOptions {
  /** The store, once it is open. */
  store: () => Store | undefined;
  logger: Logger;
  retention?: RetentionOptions;
}

/** The upkeep of one store. */
export interface Upkeep {
  /** To be called when the store is open. */
  begin(): void;
  /** Notes what was written: whose partition, and how many characters of bodies. */
  wrote(partition: string, chars: number): void;
  /** Ends the timers, and does in a bounded time what is due. To be called before the store is closed. Never rejects. */
  end(): Promise<void>;
}

const INTERRUPT_AFTER_MS = 200;
const PRUNE_FIRST_MS = 30_000;
const PRUNE_EVERY_MS = 10 * 60_000;
/** Soon, and not at once: the calls that wrote so much are still running. */
const SHRINK_AFTER_MS = 1_000;
/** How long a process that ends may still prune. */
const END_MS = 100;
/** A clock that jumped is believed after so long. */
const STEADY_MS = 10 * 60_000;

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Creates the upkeep of a store; it does nothing before `begin()`. */
export function createUpkeep({ store, logger, retention = {} }: UpkeepOptions): Upkeep {
  const { maxAgeMs = 30 * 24 * 60 * 60_000, maxCount = 100_000, maxBytes = 1_000_000_000 } = retention;
  const clock = createClock();
  const partitions = new Set<string>();
  /** Characters that are written before the size of the store is looked at again. */
  const shrinkAfterChars = maxBytes === 0 ? Infinity : Math.max(maxBytes / 20, 1_000);
  let chars = 0;
  let interrupting: NodeJS.Timeout | undefined;
  let pruning: NodeJS.Timeout | undefined;
  let shrinking: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let ended = false;
  /** What fails from now on fails because the store is closed. */
  let abandoned = false;

  function failed(error: unknown, fields: object = {}): void {
    if (!abandoned) logger.warn({ ...fields, error: message(error) }, 'old records could not be removed');
  }

  /** Marks the calls that ended processes left open; once. */
  async function interrupt(): Promise<void> {
    if (interrupting === undefined) return;
    clearTimeout(interrupting);
    interrupting = undefined;
    try {
      const interrupted = (await store()?.calls.interrupt()) ?? 0;
      if (interrupted > 0) logger.warn({ interrupted }, `${interrupted} calls were interrupted when an earlier process ended`);
    } catch (error) {
      logger.warn({ error: message(error) }, 'interrupted calls could not be looked for');
    }
  }

  function isDue(last: LastPrune | undefined, now: number): boolean {
    // A time in the future was written by a clock that was wrong, or ours is: neither may put pruning off.
    if (last === undefined || last.at > now || now - last.at >= PRUNE_EVERY_MS) return true;
    return last.added > maxCount / 20;
  }

  /**
   * A clock that went ahead by mistake must not cost the record: where much time seems to have passed since the last prune, it has to
   * keep its pace for ten minutes before anything counts as old.
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
    // A store that only this process uses has no record that an earlier clock wrote.
    const believed = calls?.lastPrune === undefined || isBelieved(last, now);
    const began = performance.now();
    const left = (): { withinMs?: number } =>
      withinMs === undefined ? {} : { withinMs: Math.max(1, withinMs - (performance.now() - began)) };
    let done = true;
    for (const partition of partitions) {
      const keep: Retention = { ...(believed ? { before: now - maxAgeMs } : {}), count: maxCount, ...left() };
      done = (await prunePartition(partition, keep)) && done;
    }
    await shrink(left().withinMs);
    // The time of a clock that is not believed is not written down: it would be believed next time.
    if (!done || (last !== undefined && !believed)) return;
    try {
      await calls?.pruned?.(now);
    } catch (error) {
      logger.debug({ error: message(error) }, 'when records were pruned could not be noted');
    }
  }

  /** One at a time. */
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
      // Not now: the first call waits for the store, and has nothing to do with calls of earlier processes.
      interrupting = setTimeout(() => void interrupt(), INTERRUPT_AFTER_MS).unref();
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
      await interrupt(); // also where the process was too short-lived for it
      if (running === undefined && partitions.size > 0 && store() !== undefined) await alone(() => prune(END_MS));
      // One that is under way is done by another process, or at the next start.
      if (running !== undefined) await Promise.race([running, new Promise((resolve) => setTimeout(resolve, END_MS).unref())]);
      abandoned = true;
    },
  };
}
