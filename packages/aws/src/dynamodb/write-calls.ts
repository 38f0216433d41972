/** Writes a batch of call records: payloads first, then the rows. */
import type { WriteRequest } from '@aws-sdk/client-dynamodb';
import type { CallRecord, Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { isRefusedRow, isThrottled, isTooLarge, toStoreError } from '../base/errors.js';
import { writeBatch } from './batch.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import type { Payloads } from './payloads.js';
import { isSpreadKey } from './spread.js';
import { TABLE } from './tables.js';
import type { Wire } from './wire.js';

/** What became of a batch. */
export interface BatchOutcome {
  /** Rows that are written. */
  written: CallRecord[];
  /** Rows to be written again, later. */
  again: CallRecord[];
  /** Rows that DynamoDB will never take, for what is in them. */
  refused: { row: CallRecord; error: DaemonError }[];
  /** Why there is something to be written again; undefined: DynamoDB left it undone without an error. */
  error: DaemonError | undefined;
  /** Whether DynamoDB asked to come more slowly. */
  throttled: boolean;
}

/** What {@link writeCalls} needs. */
export interface CallWriter {
  wire: Wire;
  payloads: Payloads;
  logger: Pick<Logger, 'error'> | undefined;
}

const keyOf = (item: Item): string => `${textOf(item['partition_key']) ?? ''}\n${textOf(item['mcp_function_call_uuid']) ?? ''}`;
const place = { service: 'DynamoDB', resource: TABLE.calls, action: 'BatchWriteItem' } as const;

/** Writes one row, its payloads moved if DynamoDB finds it too large. */
async function writeOne({ wire, payloads }: CallWriter, row: CallRecord, outcome: BatchOutcome): Promise<void> {
  for (const moved of [false, true]) {
    try {
      const body = JSON.stringify({ TableName: TABLE.calls, Item: await payloads.encode(row, moved) });
      try {
        await wire.post('PutItem', body);
      } catch (error) {
        if (!moved && isTooLarge(error)) continue;
        if (!isRefusedRow(error)) throw toStoreError(error, { ...place, action: 'PutItem' });
        outcome.refused.push({ row, error: toStoreError(error, { ...place, action: 'PutItem' }) });
        return;
      }
      outcome.written.push(row);
    } catch (error) {
      outcome.again.push(row);
      outcome.error = toStoreError(error, place);
    }
    return;
  }
}

/** Rows whose payloads could be moved, by their keys; the others are to be written again. */
async function encodeAll(
  { payloads }: CallWriter,
  rows: readonly CallRecord[],
  outcome: BatchOutcome,
): Promise<Map<string, [CallRecord, Item]>> {
  const items = new Map<string, [CallRecord, Item]>();
  const slow: Promise<void>[] = [];
  for (const row of rows) {
    if (isSpreadKey(row.partition_key)) {
      const error = new DaemonError(
        'usage',
        `The name of a partition must not end with |, a month or N/N: ${row.partition_key}.`,
      );
      outcome.refused.push({ row, error });
      continue;
    }
    const failed = (error: unknown): void => {
      outcome.again.push(row);
      outcome.error = toStoreError(error, { service: 'S3' });
    };
    const encoded = payloads.encode(row);
    if (encoded instanceof Promise) slow.push(encoded.then((item) => void items.set(keyOf(item), [row, item]), failed));
    else items.set(keyOf(encoded), [row, encoded]);
  }
  if (slow.length > 0) await Promise.all(slow);
  return items;
}

/** Writes at most 25 rows, none twice. Never rejects. */
export async function writeCalls(writer: CallWriter, rows: readonly CallRecord[]): Promise<BatchOutcome> {
  const outcome: BatchOutcome = { written: [], again: [], refused: [], error: undefined, throttled: false };
  const items = await encodeAll(writer, rows, outcome);
  if (items.size === 0) return outcome;
  const requests = [...items.values()].map(([, Item]): WriteRequest => ({ PutRequest: { Item } }));
  try {
    const left = await writeBatch(writer.wire, TABLE.calls, requests);
    for (const { PutRequest } of left) {
      const key = keyOf(PutRequest?.Item ?? {});
      const found = items.get(key);
      if (found !== undefined) outcome.again.push(found[0]);
      items.delete(key);
    }
    outcome.throttled = left.length > 0;
    outcome.written.push(...[...items.values()].map(([row]) => row));
  } catch (error) {
    // One row that DynamoDB does not take makes it refuse the whole batch.
    if (isRefusedRow(error)) {
      for (const [row] of items.values()) await writeOne(writer, row, outcome);
      return outcome;
    }
    outcome.again.push(...[...items.values()].map(([row]) => row));
    outcome.error = toStoreError(error, place);
    outcome.throttled = isThrottled(error);
  }
  return outcome;
}
