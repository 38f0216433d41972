/** Opens the store on DynamoDB, and combines its parts. */
import { randomUUID } from 'node:crypto';

import type { BlobStore, CallRecord, CallStore, CatalogStore, Logger, StateStore, Store, StoreStats } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { toStoreError } from './base/errors.js';
import { createCalls } from './dynamodb/calls.js';
import { createCatalogs } from './dynamodb/catalogs.js';
import type { DynamoOptions } from './dynamodb/client.js';
import { openDynamo } from './dynamodb/client.js';
import { createOpenCalls } from './dynamodb/open-calls.js';
import { CEILING_BYTES, createPayloads } from './dynamodb/payloads.js';
import type { QueueCounts } from './dynamodb/queue.js';
import { createQueue } from './dynamodb/queue.js';
import { createSender, senderFile } from './dynamodb/sender.js';
import type { RecordSpread } from './dynamodb/spread.js';
import { checkSpread, createSpread } from './dynamodb/spread.js';
import { createState } from './dynamodb/state.js';
import type { DynamoCounts } from './dynamodb/wire.js';
import { writeCalls } from './dynamodb/write-calls.js';

/**
 * What a record's write promises.
 *
 * `eventual`: a record is written within a fraction of a second, in batches; a process that is killed loses the waiting records.
 * `answered`: an answer leaves after its record is written, and a function that is not known to be quick begins after its
 * `in_process` record is, which costs these round trips.
 */
export type RecordPromise = 'eventual' | 'answered';

/** What {@link openDynamoStore} takes. */
export interface DynamoStoreOptions extends DynamoOptions {
  /** Stores payloads that are too large for a row, and large revisions. The caller closes it. Default: none, and large payloads are cut. */
  blobs?: BlobStore;
  /** Default `eventual`. */
  promise?: RecordPromise;
  /** Whether the records of a partition are spread over several keys. Default `none`: the key of the Python engine. */
  spread?: RecordSpread;
  /** Bytes of a row beyond which its payloads go to the blob store: 1000 to 90000. Default 16384. */
  offloadBytes?: number;
  /** Milliseconds after which a record expires; 0: never. Default 30 days. */
  expireAfterMs?: number;
  /** `eventual`: records that may wait while DynamoDB cannot be written. Default 10000. */
  maxWaiting?: number;
  /** `eventual`: characters of arguments and results that may wait. Default 64 million. */
  maxWaitingChars?: number;
  /** `eventual`: milliseconds that a record waits for the end of its call before it is written as `in_process`. Default 1000. */
  openAfterMs?: number;
  /** Milliseconds that `close` goes on writing. Default 5000. */
  closeMs?: number;
  /** Gets a message when records cannot be written, are lost, or are cut. Default: no log. */
  logger?: Pick<Logger, 'error' | 'info' | 'warn'>;
}

/** What the store has counted since it was opened, for metrics. */
export interface DynamoStoreStats extends DynamoCounts, QueueCounts {
  /** Records whose payloads were cut, because they were too large and there is no blob store. */
  cut: number;
}

/** The store on DynamoDB. */
export interface DynamoStore extends Store {
  readonly calls: CallStore;
  readonly catalogs: CatalogStore;
  readonly state: StateStore;
  readonly lost: number;
  /** The region it is in. */
  readonly region: string;
  stats(): DynamoStoreStats;
  /** The same, for metrics. */
  counts(): StoreStats;
}

const DAY_MS = 24 * 60 * 60_000;
/** Milliseconds that a record waits for others, to be written in one batch. */
const GATHER_MS = 20;

const wholeNumber = (name: string, value: number, least: number, most: number): void => {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw new DaemonError('usage', `${name} must be a whole number from ${least} to ${most}.`);
};

/**
 * Opens the store: finds region and credentials, and asks DynamoDB nothing yet. The tables must be there: see `initDynamoStore`.
 *
 * @returns the store. Its methods throw DaemonError `store_busy` (try again later), `store_failed`, and `closed` after `close()`.
 * A `write` of more than 25 records is no transaction: after an error some may be written, and may be written again.
 * @throws DaemonError `usage` for an option that is none; `store_failed` where region or credentials are missing
 */
export async function openDynamoStore(options: DynamoStoreOptions = {}): Promise<DynamoStore> {
  const { blobs, promise = 'eventual', spread = 'none', offloadBytes = 16_384, expireAfterMs = 30 * DAY_MS, logger } = options;
  const { maxWaiting = 10_000, maxWaitingChars = 64_000_000, openAfterMs = 1_000, closeMs = 5_000 } = options;
  wholeNumber('offloadBytes', offloadBytes, 1_000, CEILING_BYTES);
  wholeNumber('expireAfterMs', expireAfterMs, 0, 36_500 * DAY_MS);
  wholeNumber('maxWaiting', maxWaiting, 1, 10_000_000);
  wholeNumber('maxWaitingChars', maxWaitingChars, 1, 1_000_000_000);
  wholeNumber('openAfterMs', openAfterMs, 0, 60_000);
  wholeNumber('closeMs', closeMs, 0, 600_000);
  if (promise !== 'eventual' && promise !== 'answered')
    throw new DaemonError('usage', `The promise must be eventual or answered, not ${JSON.stringify(promise)}.`);

  checkSpread(spread);

  const dynamo = await openDynamo(options);
  const owner = randomUUID();
  const keys = createSpread({ dynamo, spread });
  const { keyOf } = keys;
  const payloads = createPayloads({ blobs, offloadBytes, expireAfterMs, logger, keyOf });
  const open = createOpenCalls({ dynamo, owner, logger, keyOf });

  const path = promise === 'answered' ? undefined : senderFile();
  const sender = path === undefined ? undefined : createSender({ path, wire: dynamo.wireOptions, expireAfterMs, keyOf, logger });

  async function write(rows: readonly CallRecord[]): ReturnType<typeof writeCalls> {
    try {
      await keys.before(rows);
      await open.before(rows);
    } catch (error) {
      const failed = toStoreError(error, { service: 'DynamoDB' });
      return { written: [], again: [...rows], refused: [], error: failed, throttled: false };
    }
    const outcome = await writeCalls({ wire: dynamo.wire, payloads, sender }, rows);
    open.after([...outcome.written, ...outcome.refused.map(({ row }) => row)]);
    return outcome;
  }

  const queue =
    promise === 'answered'
      ? undefined
      : createQueue({ write, logger, maxRows: maxWaiting, maxChars: maxWaitingChars, openAfterMs, gatherMs: GATHER_MS });
  const calls = createCalls({ dynamo, payloads, open, spread: keys, queue, logger });
  let closed = false;
  let ending: Promise<void> | undefined;

  function refuse(): void {
    if (closed) throw new DaemonError('closed', 'The store is closed.');
  }

  const stats = (): DynamoStoreStats => ({
    ...dynamo.counts,
    ...(queue?.counts ?? { waiting: 0, inFlight: 0, written: 0, lost: 0 }),
    cut: payloads.cut,
  });

  async function end(): Promise<void> {
    await queue?.close(closeMs);
    await sender?.close();
    await open.close();
    dynamo.close();
  }

  return {
    name: 'dynamodb',
    owner,
    region: dynamo.region,
    get lost() {
      return queue?.counts.lost ?? 0;
    },
    stats,
    counts: stats,
    calls: {
      write(rows) {
        refuse();
        return calls.write(rows);
      },
      async get(partition, uuid) {
        refuse();
        return calls.get(partition, uuid);
      },
      async getMany(partition, uuids, more) {
        refuse();
        return calls.getMany(partition, uuids, more);
      },
      async statistics(partition, query, signal) {
        refuse();
        return calls.statistics(partition, query, signal);
      },
      async list(partition, query) {
        refuse();
        return calls.list(partition, query);
      },
      async count(partition, query, most) {
        refuse();
        return calls.count(partition, query, most);
      },
      async find(partition, part, most) {
        refuse();
        return calls.find(partition, part, most);
      },
      async interrupt() {
        refuse();
        return calls.interrupt();
      },
      async delete(partition, uuid) {
        refuse();
        return calls.delete?.(partition, uuid) ?? false;
      },
      async prune(partition, keep) {
        refuse();
        return calls.prune(partition, keep);
      },
      // Expired records go by themselves, which costs nothing: pruning, which reads a whole partition, is never due.
      lastPrune: () => Promise.resolve({ at: Date.now(), added: 0 }),
    },
    catalogs: createCatalogs(dynamo, blobs, refuse),
    state: createState({ dynamo, blobs, refuse, logger }),
    close() {
      closed = true;
      return (ending ??= end());
    },
  };
}
