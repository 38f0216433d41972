/** Removes old call records on request. Normally DynamoDB removes them by their `expires_at`, which costs nothing. */
import type { QueryCommandInput, WriteRequest } from '@aws-sdk/client-dynamodb';
import type { Retention } from '@mcp-daemon/core';

import { inParallel } from '../base/pacing.js';
import { writeAll } from './batch.js';
import { createConditions, settledCondition } from './call-filter.js';
import { callKey } from './call-item.js';
import { createStreams } from './call-streams.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import { formatTime } from './dates.js';
import type { Payloads } from './payloads.js';
import type { Spread } from './spread.js';
import { TABLE } from './table-names.js';

/** A call that took longer than this is found by its end, and may stay. */
const LONGEST_CALL_MS = 24 * 60 * 60_000;
/** Rows that are read, and removed, in one step. */
const STEP = 1_000;

/** What {@link pruneCalls} needs. */
export interface Pruning {
  dynamo: Dynamo;
  payloads: Payloads;
  spread: Spread;
  partition: string;
  keep: Retention;
}

/** Settled rows of one key along the time, backward or up to a time, without their payloads. */
function request(key: string, until: number | undefined): QueryCommandInput {
  const conditions = createConditions();
  const { name, value, names, values } = conditions;
  const needed = ['partition_key', 'mcp_function_call_uuid', 'created_at', 'updated_at', 'content_in_s3', 'arguments_in_s3'];
  const time = until === undefined ? '' : ` AND ${name('updated_at')} < ${value({ S: formatTime(until) })}`;
  return {
    TableName: TABLE.calls,
    IndexName: 'updated_at-index',
    ScanIndexForward: false,
    KeyConditionExpression: `${name('partition_key')} = ${value({ S: key })}${time}`,
    FilterExpression: settledCondition(conditions),
    ProjectionExpression: needed.map(name).join(', '),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

const keyOf = (item: Item): Item => callKey(textOf(item['partition_key']) ?? '', textOf(item['mcp_function_call_uuid']) ?? '');

/** Removes settled records of a partition, with their payloads. Reads all of it where a number is to be kept. @returns how many */
export async function pruneCalls({ dynamo, payloads, spread, partition, keep }: Pruning): Promise<number> {
  const { before, count, withinMs = Infinity } = keep;
  if (partition === '' || (before === undefined && count === undefined)) return 0;
  const until = performance.now() + withinMs;
  const oldest = before === undefined ? '' : formatTime(before);
  const newest = count === undefined ? (before ?? 0) + LONGEST_CALL_MS : undefined;
  const sources = (await spread.keys(partition)).map(({ key }) => ({ key, share: 1, request: request(key, newest) }));
  const streams = createStreams(dynamo, sources, () => true);
  let seen = 0;
  let removed = 0;
  let rows: Item[];
  do {
    rows = [];
    await streams.read(rows, STEP, () => STEP, Infinity);
    const old = rows.filter((item) => {
      seen += 1;
      return (count !== undefined && seen > count) || (textOf(item['created_at']) ?? '') < oldest;
    });
    const requests = old.map((item): WriteRequest => ({ DeleteRequest: { Key: keyOf(item) } }));
    await writeAll(dynamo, TABLE.calls, requests);
    // Their rows are gone: a blob that is left over is never read.
    await inParallel(old, 4, (item) => payloads.remove(item));
    removed += old.length;
  } while (rows.length === STEP && performance.now() < until);
  return removed;
}
