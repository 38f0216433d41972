/** Writes call records: at once, or a little later, in batches. */
import type { Awaitable, CallRecord, Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { toStoreError } from '../base/errors.js';
import { backOff, inParallel, inParts } from '../base/pacing.js';
import type { OpenNote } from './open-note.js';
import { createOpenNote } from './open-note.js';
import type { Payloads } from './payloads.js';
import type { QueueCounts } from './queue.js';
import { createQueue } from './queue.js';
import type { Spread } from './spread.js';
import { TABLE } from './table-names.js';
import type { Wire } from './wire.js';
import { BATCH_WRITES, BATCHES_AT_ONCE } from './write-batch.js';
import { writeCalls } from './write-calls.js';

/** Bounds of the records that wait. */
export interface QueueLimits {
  /** Records that may wait. */
  maxRows: number;
  /** Characters of arguments and results that may wait. */
  maxChars: number;
  /** Milliseconds that an open record waits for the end of its call. */
  openAfterMs: number;
  /** Milliseconds that a record waits for others, to be written in one batch. */
  gatherMs: number;
}

/** What {@link createRecordWriter} takes. */
export interface RecordWriterOptions {
  wire: Wire;
  payloads: Payloads;
  spread: Spread;
  /** This process. */
  owner: string;
  logger: Pick<Logger, 'error' | 'info' | 'warn'> | undefined;
  /** How records wait; undefined: `write` waits for DynamoDB. */
  queue: QueueLimits | undefined;
}

/** Writes call records. */
export interface RecordWriter {
  /** @throws DaemonError `store_busy` or `store_failed`, if records do not wait; then some may be written */
  write(rows: readonly CallRecord[]): Awaitable<void>;
  /** The newest version of a record that is not written yet. */
  find(partition: string, uuid: string): Awaitable<CallRecord | undefined>;
  /** Resolves when all that waits now is written, or after a failure. @returns the failure */
  drain(): Promise<Error | undefined>;
  readonly counts: QueueCounts;
  /** Writes what waits, for so many milliseconds; what is left is counted as lost. */
  close(withinMs: number): Promise<void>;
}

/** Milliseconds that a write goes on while DynamoDB leaves rows undone. */
const PATIENCE_MS = 10_000;

/** Writes records, and waits until DynamoDB has them all. */
async function writeNow(options: RecordWriterOptions, open: OpenNote, rows: readonly CallRecord[]): Promise<void> {
  const { spread } = options;
  // A batch cannot have a key twice: the later one counts.
  const newest = [...new Map(rows.map((row) => [`${row.partition_key}\n${row.mcp_function_call_uuid}`, row])).values()];
  await spread.before(newest);
  await open.before(newest);
  const until = performance.now() + PATIENCE_MS;
  await inParallel(inParts(newest, BATCH_WRITES), BATCHES_AT_ONCE, async (part) => {
    let left: CallRecord[] = part;
    for (let failures = 1; ; failures += 1) {
      const outcome = await writeCalls(options, left);
      open.after(outcome.written);
      const [refused] = outcome.refused;
      if (refused !== undefined) throw refused.error;
      left = outcome.again;
      if (left.length === 0) return;
      if (outcome.error !== undefined && !outcome.throttled) throw outcome.error;
      if (!(await backOff(failures, until)))
        throw outcome.error ?? new DaemonError('store_busy', `DynamoDB throttles ${TABLE.calls}: try again later.`);
    }
  });
}

/** Creates a writer. It does nothing before the first record. */
export function createRecordWriter(options: RecordWriterOptions): RecordWriter {
  const { wire, spread, owner, logger } = options;
  const open = createOpenNote({ wire, owner, logger, keyOf: spread.keyOf });

  async function writeBatch(rows: readonly CallRecord[]): ReturnType<typeof writeCalls> {
    try {
      await spread.before(rows);
      await open.before(rows);
    } catch (error) {
      const failed = toStoreError(error, { service: 'DynamoDB' });
      return { written: [], again: [...rows], refused: [], error: failed, throttled: false };
    }
    const outcome = await writeCalls(options, rows);
    open.after([...outcome.written, ...outcome.refused.map(({ row }) => row)]);
    return outcome;
  }

  if (options.queue === undefined)
    return {
      write: (rows) => writeNow(options, open, rows),
      find: () => undefined,
      drain: () => Promise.resolve(undefined),
      counts: { waiting: 0, inFlight: 0, written: 0, lost: 0 },
      close: () => open.close(),
    };
  const queue = createQueue({ write: writeBatch, logger, ...options.queue });
  return {
    write: (rows) => queue.add(rows),
    find: (partition, uuid) => queue.find(partition, uuid),
    drain: () => queue.drain(),
    get counts() {
      return queue.counts;
    },
    async close(withinMs) {
      await queue.close(withinMs);
      await open.close();
    },
  };
}
