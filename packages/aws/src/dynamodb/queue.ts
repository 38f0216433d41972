/**
 * Call records that are written a little later: `eventual`. Bounded; when it is full, the oldest record of the partition that has the
 * most waiting is dropped and counted, so that one tenant's load costs no other tenant a record.
 *
 * Four batches of at most 25 are in flight at once, and never two with the same record. While DynamoDB fails, one batch tries again and
 * again, waiting up to 5 s in between. A record that is still open waits for a second first: most calls have ended by then, and a row
 * that is written once costs less than half.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { CallRecord, Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { backoffMs } from '../base/pacing.js';
import { BATCH_WRITES, BATCHES_AT_ONCE } from './write-batch.js';
import type { BatchOutcome } from './write-calls.js';

/** What {@link createQueue} takes. */
export interface QueueOptions {
  /** Writes at most 25 rows. Must not reject. */
  write: (rows: readonly CallRecord[]) => Promise<BatchOutcome>;
  logger: Pick<Logger, 'error' | 'info'> | undefined;
  /** Records that may wait. */
  maxRows: number;
  /** Characters of arguments and results that may wait. */
  maxChars: number;
  /** Milliseconds that an open record waits for the end of its call. */
  openAfterMs: number;
  /** Milliseconds that a record waits for others, to be written in one batch. */
  gatherMs: number;
}

/** Counts of a queue. */
export interface QueueCounts {
  waiting: number;
  inFlight: number;
  written: number;
  lost: number;
}

/** Records that wait to be written. */
export interface Queue {
  add(rows: readonly CallRecord[]): void;
  /** The newest version of a record that is waiting or in flight. */
  find(partition: string, uuid: string): CallRecord | undefined;
  /** Resolves when all that waits now is written, or after a failure. @returns the failure */
  drain(): Promise<Error | undefined>;
  readonly counts: QueueCounts;
  /** Writes what waits, for so many milliseconds; what is left is counted as lost. */
  close(withinMs: number): Promise<void>;
}

/** After so many failures in a row, readers do not wait any longer. */
const PATIENCE = 5;

interface Waiting {
  row: CallRecord;
  key: string;
  /** Not before this time of `performance.now()`. */
  due: number;
  chars: number;
  /** Counts up: what has a lower number came earlier. */
  order: number;
  /** Where it waits. */
  list: Set<Waiting>;
}

const keyOf = (row: CallRecord): string => `${row.partition_key}\n${row.mcp_function_call_uuid}`;
const sizeOf = (row: CallRecord): number => 500 + (row.arguments?.length ?? 0) + (row.content?.length ?? 0);

/** Creates an empty queue. Its timers do not keep the process alive. */
export function createQueue({ write, logger, maxRows, maxChars, openAfterMs, gatherMs }: QueueOptions): Queue {
  const waiting = new Map<string, Waiting>();
  /** The same records by partition, the oldest first. */
  const partitions = new Map<string, { chars: number; entries: Set<Waiting> }>();
  /** The same, each list about in the order in which they are due: so the next ones are found without looking at all. */
  const ended = new Set<Waiting>();
  const open = new Set<Waiting>();
  const inFlight = new Map<string, Waiting>();
  let count = 0;
  let closed = false;
  let chars = 0;
  let batches = 0;
  let written = 0;
  let lost = 0;
  let failures = 0;
  let lastError: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerDue = Infinity;
  let retryAt = 0;
  /** Above 0, open records are written at once: a reader waits for them, or the store is closing. */
  let hurry = 0;
  let drains: { upTo: number; resolve: () => void }[] = [];

  function remove(entry: Waiting): void {
    const { row, key, list } = entry;
    if (!waiting.delete(key)) return;
    list.delete(entry);
    chars -= entry.chars;
    const share = partitions.get(row.partition_key);
    if (share === undefined) return;
    share.entries.delete(entry);
    share.chars -= entry.chars;
    if (share.entries.size === 0) partitions.delete(row.partition_key);
  }

  function put(entry: Waiting): void {
    const { row, key, list } = entry;
    waiting.set(key, entry);
    list.add(entry);
    chars += entry.chars;
    let share = partitions.get(row.partition_key);
    if (share === undefined) partitions.set(row.partition_key, (share = { chars: 0, entries: new Set() }));
    share.entries.add(entry);
    share.chars += entry.chars;
  }

  function lose(number: number, why: string): void {
    const before = lost;
    lost += number;
    // The first, and then every thousandth: an outage must not fill the log as well.
    if (before === 0 || Math.floor(before / 1_000) < Math.floor(lost / 1_000))
      logger?.error({ lost }, `call records are lost: ${why}`);
  }

  function dropOldest(): void {
    let dropped = 0;
    while (waiting.size > maxRows || chars > maxChars) {
      const largest = [...partitions.values()].reduce((a, b) => (b.chars > a.chars ? b : a));
      const [oldest] = largest.entries;
      if (oldest === undefined || waiting.size === 1) break;
      remove(oldest);
      dropped += 1;
    }
    if (dropped > 0) lose(dropped, 'too many wait for DynamoDB');
  }

  /** The next batch: at most 25 rows. With the first that is due go those behind it that have ended, and a full batch goes at once. */
  function take(now: number): Waiting[] {
    const batch: Waiting[] = [];
    for (const list of [ended, open]) {
      for (const entry of list) {
        if (batch.length === BATCH_WRITES) return batch;
        const goesAlong = list === ended && (batch.length > 0 || ended.size >= BATCH_WRITES);
        if (entry.due > now && hurry === 0 && !goesAlong) break;
        if (!inFlight.has(entry.key)) batch.push(entry);
      }
    }
    return batch;
  }

  function wake(at: number): void {
    if (at >= timerDue) return;
    clearTimeout(timer);
    timerDue = at;
    timer = setTimeout(pump, Math.max(0, at - performance.now()));
    if (hurry === 0) timer.unref();
  }

  /** Resolves the drains whose records are written; after a failure, all of them. */
  function endDrains(failed: boolean): void {
    if (drains.length === 0) return;
    let first = Infinity;
    for (const { order } of waiting.values()) first = Math.min(first, order);
    for (const { order } of inFlight.values()) first = Math.min(first, order);
    const ended = drains.filter(({ upTo }) => failed || first > upTo);
    drains = drains.filter((drain) => !ended.includes(drain));
    for (const { resolve } of ended) resolve();
  }

  function settled(batch: readonly Waiting[], { written: done, again, refused, error, throttled }: BatchOutcome): void {
    batches -= 1;
    for (const { key } of batch) inFlight.delete(key);
    written += done.length;
    if (closed) return;
    for (const { row, error: why } of refused) {
      lose(1, why.message);
      logger?.error({ name: row.name, error: why.message }, 'a call record cannot be written');
    }
    const now = performance.now();
    for (const entry of again.length === 0 ? [] : batch) {
      // Where a newer form of the record came meanwhile, that one is written.
      if (again.includes(entry.row) && !waiting.has(entry.key)) put({ ...entry, due: now, list: ended });
    }
    if (again.length === 0) {
      if (failures > 0) logger?.info({ waiting: waiting.size, lost }, 'call records are written again');
      failures = 0;
      lastError = undefined;
      retryAt = 0;
    } else {
      failures += 1;
      lastError = error ?? new DaemonError('store_busy', `DynamoDB ${throttled ? 'throttles the table' : 'left rows undone'}.`);
      if (failures === 1) logger?.error({ error: lastError.message }, 'call records cannot be written now; they wait');
      retryAt = now + backoffMs(failures);
      dropOldest();
    }
    // Rows that were left undone without an error are written a moment later; readers wait for that, but not forever.
    endDrains(again.length > 0 && (error !== undefined || failures > PATIENCE));
    pump();
  }

  function pump(): void {
    timerDue = Infinity;
    if (closed) return;
    const now = performance.now();
    if (retryAt > now) {
      if (waiting.size > 0) wake(retryAt);
      return;
    }
    while (batches < (failures > 0 ? 1 : BATCHES_AT_ONCE)) {
      const batch = take(now);
      if (batch.length === 0) break;
      for (const entry of batch) {
        remove(entry);
        inFlight.set(entry.key, entry);
      }
      batches += 1;
      void write(batch.map(({ row }) => row)).then((outcome) => settled(batch, outcome));
    }
    const next = nextDue();
    if (next !== undefined && batches < BATCHES_AT_ONCE) wake(next);
  }

  /** When the next row is due that no batch holds back. */
  function nextDue(): number | undefined {
    let next: number | undefined;
    for (const list of [ended, open]) {
      for (const { key, due } of list) {
        if (inFlight.has(key)) continue;
        next = Math.min(due, next ?? Infinity);
        break;
      }
    }
    return next;
  }

  async function drain(): Promise<Error | undefined> {
    if (waiting.size === 0 && batches === 0) return undefined;
    hurry += 1;
    try {
      const upTo = count;
      const ended = new Promise<void>((resolve) => drains.push({ upTo, resolve }));
      clearTimeout(timer);
      if (failures > 0) retryAt = 0;
      pump();
      await ended;
      return lastError;
    } finally {
      hurry -= 1;
    }
  }

  return {
    add(rows) {
      const now = performance.now();
      let soonest = Infinity;
      for (const row of rows) {
        const key = keyOf(row);
        const isOpen = row.status === 'in_process';
        const before = waiting.get(key);
        let due = now + (isOpen ? openAfterMs : gatherMs);
        if (before !== undefined) {
          remove(before);
          if (isOpen) due = Math.min(due, before.due);
        }
        const list = isOpen ? (before?.list ?? open) : ended;
        put({ row: { ...row }, key, due, chars: sizeOf(row), order: (count += 1), list });
        soonest = Math.min(soonest, due);
      }
      dropOldest();
      if (batches < BATCHES_AT_ONCE) wake(ended.size < BATCH_WRITES ? soonest : now);
    },
    find(partition, uuid) {
      const key = `${partition}\n${uuid}`;
      return (waiting.get(key) ?? inFlight.get(key))?.row;
    },
    drain,
    get counts() {
      return { waiting: waiting.size, inFlight: inFlight.size, written, lost };
    },
    async close(withinMs) {
      const until = performance.now() + withinMs;
      const timeout = new Promise<Error>((resolve) => {
        setTimeout(() => resolve(new Error('DynamoDB cannot be written, and there is no time left')), withinMs).unref();
      });
      let failed = await Promise.race([drain(), timeout]);
      while (failed !== undefined && performance.now() < until) {
        await sleep(Math.min(200, Math.max(1, until - performance.now())));
        failed = await Promise.race([drain(), timeout]);
      }
      closed = true;
      clearTimeout(timer);
      const left = waiting.size + inFlight.size;
      if (left > 0) lose(left, failed?.message ?? 'the store was closed');
      for (const entry of [...waiting.values()]) remove(entry);
      endDrains(true);
    },
  };
}
