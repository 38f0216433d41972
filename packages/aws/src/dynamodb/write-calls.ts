/** Writes a batch of call records: payloads first, then the rows. */
import type { CallRecord } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { isRefusedRow, isThrottled, isTooLarge, toStoreError } from '../base/errors.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import type { Payloads } from './payloads.js';
import type { Sender } from './sender.js';
import { isSpreadKey } from './spread.js';
import { TABLE } from './table-names.js';
import type { Wire } from './wire.js';
import { BATCH_WRITES, writeBatch } from './write-batch.js';

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
  /** The thread for batches in which nothing has to be moved. Default: none. */
  sender?: Sender | undefined;
}

const keyOf = (item: Item): string => `${textOf(item['partition_key']) ?? ''}\n${textOf(item['mcp_function_call_uuid']) ?? ''}`;
const place = { service: 'DynamoDB', resource: TABLE.calls, action: 'BatchWriteItem' } as const;

/** Writes one row, its payloads moved if DynamoDB finds it too large. */
async function writeOne({ wire, payloads }: CallWriter, row: CallRecord, outcome: BatchOutcome): Promise<void> {
  for (const moved of [false, true]) {
    try {
      const body = `{"TableName":"${TABLE.calls}","Item":${await payloads.encode(row, moved)}}`;
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

/** Sends rows. Those whose payloads cannot be moved are taken out of `rows`, to be written again. @returns what DynamoDB left undone */
async function send(writer: CallWriter, rows: Set<CallRecord>, outcome: BatchOutcome): Promise<readonly CallRecord[]> {
  const { wire, payloads } = writer;
  const texts = new Map<CallRecord, string>();
  const slow: Promise<void>[] = [];
  for (const row of rows) {
    const failed = (error: unknown): void => {
      rows.delete(row);
      outcome.again.push(row);
      outcome.error = toStoreError(error, { service: 'S3' });
    };
    const text = payloads.encode(row);
    if (typeof text === 'string') texts.set(row, text);
    else slow.push(text.then((text) => void texts.set(row, text), failed));
  }
  if (slow.length > 0) await Promise.all(slow);
  if (texts.size === 0) return [];
  const requests = await writeBatch(wire, TABLE.calls, [...texts.values()]);
  if (requests.length === 0) return [];
  const left = new Set(requests.map(({ PutRequest: request }) => keyOf(request?.Item ?? {})));
  return [...texts].filter(([, text]) => left.has(keyOf(JSON.parse(text) as Item))).map(([row]) => row);
}

/** The thread, if these rows are for it. The first full batch starts it: a daemon with few calls needs none. */
function senderFor({ sender, payloads }: CallWriter, rows: Set<CallRecord>): Sender | undefined {
  if (sender === undefined || sender.state === 'ended') return undefined;
  if (sender.state === 'new' && rows.size < BATCH_WRITES) return undefined;
  return [...rows].every((row) => payloads.isSmall(row)) ? sender : undefined;
}

/** Rows that can be written. Those with the name of a partition that is none are refused. */
function accept(rows: readonly CallRecord[], outcome: BatchOutcome): Set<CallRecord> {
  const accepted = new Set<CallRecord>();
  for (const row of rows) {
    if (!isSpreadKey(row.partition_key)) {
      accepted.add(row);
      continue;
    }
    const message = `The name of a partition must not end with |, a month or N/N: ${row.partition_key}.`;
    outcome.refused.push({ row, error: new DaemonError('usage', message) });
  }
  return accepted;
}

/** Writes at most 25 rows, none twice. Never rejects. */
export async function writeCalls(writer: CallWriter, rows: readonly CallRecord[]): Promise<BatchOutcome> {
  const outcome: BatchOutcome = { written: [], again: [], refused: [], error: undefined, throttled: false };
  const sent = accept(rows, outcome);
  try {
    const left = await (senderFor(writer, sent)?.write([...sent]) ?? send(writer, sent, outcome));
    outcome.throttled = left.length > 0;
    outcome.again.push(...left);
    for (const row of sent) if (left.length === 0 || !left.includes(row)) outcome.written.push(row);
  } catch (error) {
    // One row that DynamoDB does not take makes it refuse the whole batch.
    if (isRefusedRow(error)) {
      for (const row of sent) await writeOne(writer, row, outcome);
      return outcome;
    }
    outcome.again.push(...sent);
    outcome.error = toStoreError(error, place);
    outcome.throttled = isThrottled(error);
  }
  return outcome;
}
