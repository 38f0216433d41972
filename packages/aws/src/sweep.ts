/**
 * Removes payloads from the bucket whose records are gone: DynamoDB removes expired rows by itself, and tells no process.
 *
 * A payload is written before its row, so only payloads that have been there for a day are looked at, and they are listed before the
 * rows are read: a row that is written meanwhile has a payload that is younger. Just before one is removed, it is looked at again.
 */
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { DaemonError } from '@mcp-daemon/core';

import { nameOf } from './base/errors.js';
import { backOff, inParallel } from './base/pacing.js';
import type { Dynamo, DynamoOptions } from './dynamodb/client.js';
import { openDynamo } from './dynamodb/client.js';
import type { Item } from './dynamodb/codec.js';
import { textOf, truthOf } from './dynamodb/codec.js';
import { STATE_FOLDER } from './dynamodb/state-values.js';
import { TABLE } from './dynamodb/table-names.js';
import type { Bucket, S3Options } from './s3/client.js';
import { NOT_THERE, openBucket } from './s3/client.js';

/** What {@link sweepBlobs} takes. */
export interface SweepOptions {
  /** Where the rows are. */
  dynamo: DynamoOptions;
  /** Where the payloads are. */
  s3: S3Options;
  /** Milliseconds for which a payload is left alone after it was written: at least an hour. Default one day. */
  minAgeMs?: number;
  /** Only count. Default false. */
  dryRun?: boolean;
  /** Payloads that are removed at most. Default: no limit. */
  most?: number;
  /** Payloads that are compared with the rows at once; each time, the whole table is read. Default 500000, about 100 MB. */
  batch?: number;
  /** Told what happens, in one line each. */
  onProgress?: (line: string) => void;
  /** Ends the work early. What was removed stays removed. */
  signal?: AbortSignal;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** What {@link sweepBlobs} did. */
export interface SweepReport {
  /** Payloads that were there. */
  looked: number;
  /** Payloads that are left alone, because they are too young. */
  young: number;
  /** Payloads without a row: removed, or counted by a dry run. */
  removed: number;
  /** The size of these, in bytes. */
  bytes: number;
  /** Rows of call records that were read. */
  rows: number;
  /** Whether all was looked at; false: stopped by the signal, or by the limit. */
  complete: boolean;
}

/** A payload in the bucket. */
interface Blob {
  key: string;
  bytes: number;
  /** Milliseconds since 1970. */
  modified: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const REMOVALS_AT_ONCE = 4;
/** Milliseconds for which a request is repeated that DynamoDB throttles. */
const PATIENCE_MS = 60_000;
const PROGRESS_ROWS = 100_000;

/** Folders of payloads, and the attribute of a row that says that it has one there. */
const FOLDERS = { mcp_content: 'content_in_s3', mcp_arguments: 'arguments_in_s3' } as const;

/** Lists a folder, page by page. */
async function* list({ send, attempt }: Bucket, bucket: string, prefix: string): AsyncGenerator<Blob, void, undefined> {
  const { ListObjectsV2Command } = await import('./s3/sdk.js');
  let token: string | undefined;
  do {
    const from = token === undefined ? {} : { ContinuationToken: token };
    const page = await attempt('ListObjectsV2', (signal) =>
      send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...from }), signal),
    );
    for (const { Key: key, Size: bytes = 0, LastModified: modified } of page.Contents ?? [])
      if (key !== undefined && modified !== undefined) yield { key, bytes, modified: modified.getTime() };
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** All rows of call records, with what says which payloads they have in the bucket. Repeats what DynamoDB throttles. */
async function* scan(dynamo: Dynamo, signal: AbortSignal | undefined): AsyncGenerator<Item[], void, undefined> {
  let next: Item | undefined;
  do {
    const command = new ScanCommand({
      TableName: TABLE.calls,
      ProjectionExpression: '#u, #c, #a',
      ExpressionAttributeNames: { '#u': 'mcp_function_call_uuid', '#c': FOLDERS.mcp_content, '#a': FOLDERS.mcp_arguments },
      ConsistentRead: true,
      ...(next === undefined ? {} : { ExclusiveStartKey: next }),
    });
    const until = performance.now() + PATIENCE_MS;
    for (let failures = 1; ; failures += 1) {
      if (signal?.aborted === true) return;
      try {
        const output = await dynamo.send(command);
        yield output.Items ?? [];
        next = output.LastEvaluatedKey;
        break;
      } catch (error) {
        const isBusy = error instanceof DaemonError && error.code === 'store_busy';
        if (!isBusy || !(await backOff(failures, until))) throw error;
      }
    }
  } while (next !== undefined);
}

/** Whether a value of a state entry is in the folder of a day that is over everywhere. */
function isPast(key: string, now: number): boolean {
  const day = Date.parse(`${key.split('/')[1] ?? ''}T00:00:00Z`);
  return !Number.isNaN(day) && day + 2 * DAY_MS < now;
}

/**
 * Removes payloads of call records that have no row, and values of state entries that have expired. Reads the whole table of calls, once
 * for each {@link SweepOptions.batch}; may be stopped and repeated, also while servers run.
 *
 * @throws DaemonError `store_failed`, `store_busy`; `usage` for an option that is none
 */
export async function sweepBlobs(options: SweepOptions): Promise<SweepReport> {
  const { minAgeMs = DAY_MS, dryRun = false, most = Infinity, batch = 500_000, onProgress = () => undefined } = options;
  const { signal, now = Date.now, s3 } = options;
  if (!(minAgeMs >= HOUR_MS)) throw new DaemonError('usage', `minAgeMs must be at least ${HOUR_MS}.`);
  if (!(most >= 1)) throw new DaemonError('usage', 'most must be at least 1.');
  if (!(Number.isInteger(batch) && batch >= 1)) throw new DaemonError('usage', 'batch must be a whole number above 0.');
  const report: SweepReport = { looked: 0, young: 0, removed: 0, bytes: 0, rows: 0, complete: true };
  const bucket = await openBucket(s3);
  const isEnded = (): boolean => signal?.aborted === true || report.removed >= most;

  /** Removes a payload, unless it was written again since it was listed. */
  async function remove({ key, bytes, modified }: Blob): Promise<void> {
    if (isEnded()) return;
    report.removed += 1;
    report.bytes += bytes;
    if (dryRun) return;
    const { DeleteObjectCommand, HeadObjectCommand } = await import('./s3/sdk.js');
    const at = { Bucket: s3.bucket, Key: key };
    const isSame = await bucket.attempt('HeadObject', async (limit) => {
      try {
        // The answer to HEAD has whole seconds.
        const { LastModified: found } = await bucket.send(new HeadObjectCommand(at), limit);
        return found !== undefined && Math.floor(found.getTime() / 1_000) === Math.floor(modified / 1_000);
      } catch (error) {
        if (NOT_THERE.has(nameOf(error))) return false;
        throw error;
      }
    });
    if (isSame) await bucket.attempt('DeleteObject', (limit) => bucket.send(new DeleteObjectCommand(at), limit));
    else {
      report.removed -= 1;
      report.bytes -= bytes;
    }
  }

  const removeAll = (blobs: readonly Blob[]): Promise<void> => inParallel(blobs, REMOVALS_AT_ONCE, remove);

  /** Takes those out that a row has. */
  async function compare(dynamo: Dynamo, candidates: Map<string, Blob>): Promise<void> {
    for await (const items of scan(dynamo, signal)) {
      const before = report.rows;
      report.rows += items.length;
      if (Math.floor(report.rows / PROGRESS_ROWS) > Math.floor(before / PROGRESS_ROWS)) onProgress(`${report.rows} rows read`);
      for (const item of items)
        for (const [folder, flag] of Object.entries(FOLDERS))
          if (truthOf(item[flag]) === true) candidates.delete(`${folder}/${textOf(item['mcp_function_call_uuid']) ?? ''}.json`);
    }
  }

  async function sweepCalls(dynamo: Dynamo): Promise<void> {
    let candidates = new Map<string, Blob>();
    const flush = async (): Promise<void> => {
      const found = candidates;
      candidates = new Map();
      if (found.size === 0 || isEnded()) return;
      onProgress(`${found.size} payloads are compared with the rows`);
      await compare(dynamo, found);
      // An unfinished comparison says nothing about the rest.
      if (signal?.aborted !== true) await removeAll([...found.values()]);
    };
    for (const folder of Object.keys(FOLDERS)) {
      for await (const blob of list(bucket, s3.bucket, `${folder}/`)) {
        if (isEnded()) break;
        report.looked += 1;
        if (blob.modified > now() - minAgeMs) report.young += 1;
        else candidates.set(blob.key, blob);
        if (candidates.size >= batch) await flush();
      }
    }
    await flush();
  }

  async function sweepState(): Promise<void> {
    const past: Blob[] = [];
    for await (const blob of list(bucket, s3.bucket, `${STATE_FOLDER}/`)) {
      if (isEnded()) break;
      report.looked += 1;
      if (isPast(blob.key, now())) past.push(blob);
    }
    await removeAll(past);
  }

  try {
    const dynamo = await openDynamo(options.dynamo);
    try {
      await sweepCalls(dynamo);
      await sweepState();
    } finally {
      dynamo.close();
    }
  } finally {
    bucket.close();
  }
  report.complete = !isEnded();
  return report;
}
