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
import { BATCH_WRITES, BATCHES_AT_ONCE } from './batch.js';
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
  /** Not before this time of `performance.now()`. */
  due: number;
  chars: number;
  /** Counts up: what has a lower number came earlier. */
  order: number;
}

const keyOf = (row: CallRecord): string => `${row.partition_key}\n${row.mcp_function_call_uuid}`;
const sizeOf = (row: CallRecord): number => 500 + (row.arguments?.length ?? 0) + (row.content?.length ?? 0);

/** Creates an empty queue. Its timers do not keep the process alive. */
export function createQueue({ write, logger, maxRows, maxChars, openAfterMs, gatherMs }: QueueOptions): Queue {
  /** By partition, and there by key, the oldest first. */
  const partitions = new Map<string, { chars: number; rows: Map<string, Waiting> }>();
  const inFlight = new Map<string, Waiting>();
  let size = 0;
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

  function remove(row: CallRecord): Waiting | undefined {
    const share = partitions.get(row.partition_key);
    const found = share?.rows.get(keyOf(row));
    if (share === undefined || found === undefined) return undefined;
    share.rows.delete(keyOf(row));
    share.chars -= found.chars;
    if (share.rows.size === 0) partitions.delete(row.partition_key);
    size -= 1;
    chars -= found.chars;
    return found;
  }

  function put(entry: Waiting): void {
    const { row } = entry;
    let share = partitions.get(row.partition_key);
    if (share === undefined) partitions.set(row.partition_key, (share = { chars: 0, rows: new Map() }));
    share.rows.set(keyOf(row), entry);
    share.chars += entry.chars;
    chars += entry.chars;
    size += 1;
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
    while (size > maxRows || chars > maxChars) {
      const largest = [...partitions.values()].reduce((a, b) => (b.chars > a.chars ? b : a));
      const [oldest] = largest.rows.values();
      if (oldest === undefined || size === 1) break;
      remove(oldest.row);
      dropped += 1;
    }
    if (dropped > 0) lose(dropped, 'too many wait for DynamoDB');
  }

  /** The next batch: at most 25 rows that are due. */
  function take(now: number): Waiting[] {
    const batch: Waiting[] = [];
    for (const { rows } of partitions.values()) {
      for (const [key, entry] of rows) {
        if (batch.length === BATCH_WRITES) return batch;
        if ((entry.due <= now || hurry > 0) && !inFlight.has(key)) batch.push(entry);
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
    for (const { rows } of partitions.values()) for (const { order } of rows.values()) first = Math.min(first, order);
    for (const { order } of inFlight.values()) first = Math.min(first, order);
    const ended = drains.filter(({ upTo }) => failed || first > upTo);
    drains = drains.filter((drain) => !ended.includes(drain));
    for (const { resolve } of ended) resolve();
  }

  function settled(batch: readonly Waiting[], { written: done, again, refused, error, throttled }: BatchOutcome): void {
    batches -= 1;
    for (const { row } of batch) inFlight.delete(keyOf(row));
    written += done.length;
    if (closed) return;
    for (const { row, error: why } of refused) {
      lose(1, why.message);
      logger?.error({ name: row.name, error: why.message }, 'a call record cannot be written');
    }
    const now = performance.now();
    for (const entry of batch) {
      // Where a newer form of the record came meanwhile, that one is written.
      const isNewer = partitions.get(entry.row.partition_key)?.rows.has(keyOf(entry.row)) === true;
      if (again.includes(entry.row) && !isNewer) put({ ...entry, due: now });
    }
    if (again.length === 0) {
      if (failures > 0) logger?.info({ waiting: size, lost }, 'call records are written again');
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
      if (size > 0) wake(retryAt);
      return;
    }
    while (batches < (failures > 0 ? 1 : BATCHES_AT_ONCE)) {
      const batch = take(now);
      if (batch.length === 0) break;
      for (const entry of batch) {
        remove(entry.row);
        inFlight.set(keyOf(entry.row), entry);
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
    for (const { rows } of partitions.values())
      for (const [key, { due }] of rows) if (due < (next ?? Infinity) && !inFlight.has(key)) next = due;
    return next;
  }

  async function drain(): Promise<Error | undefined> {
    if (size === 0 && batches === 0) return undefined;
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
        const isOpen = row.status === 'in_process';
        const before = remove(row);
        const due = now + (isOpen ? openAfterMs : gatherMs);
        const dueNow = before === undefined || !isOpen ? due : Math.min(due, before.due);
        put({ row: { ...row }, due: dueNow, chars: sizeOf(row), order: (count += 1) });
        soonest = Math.min(soonest, due);
      }
      dropOldest();
      wake(soonest);
    },
    find(partition, uuid) {
      const key = `${partition}\n${uuid}`;
      return (partitions.get(partition)?.rows.get(key) ?? inFlight.get(key))?.row;
    },
    drain,
    get counts() {
      return { waiting: size, inFlight: inFlight.size, written, lost };
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
      const left = size + inFlight.size;
      if (left > 0) lose(left, failed?.message ?? 'the store was closed');
      partitions.clear();
      size = 0;
      chars = 0;
      endDrains(true);
    },
  };
}
