/**
 * Statistics of call records. Rows are read along the index by time, newest first, and counted here. DynamoDB charges for the size of
 * whole rows, so reading stops at a limit; the answer then says from when on it is complete.
 */
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { CallStatistics, StatisticsCollector, StatisticsQuery } from '@mcp-daemon/core';
import { collectStatistics, planStatistics } from '@mcp-daemon/core';

import { callsRequest, matchesNothing } from './call-filter.js';
import { decodeCall, isExpired } from './call-item.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import { parseTime } from './dates.js';
import { TTL_ATTRIBUTE } from './tables.js';

/** Rows of one request: their answer is parsed in about two milliseconds. */
const ROWS = 500;

/** Where reading stops. */
export interface StatisticsBounds {
  /** Requests of one query: at most 100,000 rows. Default 200. */
  requests?: number;
  /** Read units of one query: 32 MB of rows. Default 4000. */
  readUnits?: number;
}

/** The attributes that are counted. */
const COUNTED = ['name', 'updated_by', 'status', 'fault', 'time_spent', 'updated_at', 'created_at', TTL_ATTRIBUTE];

function requestOf(partition: string, query: StatisticsQuery, key: 'updated_at' | 'name', now: number): QueryCommandInput {
  const request = callsRequest(partition, { ...planStatistics(query).filter, bodies: true }, key, now);
  const names = Object.fromEntries(COUNTED.map((attribute) => [`#${attribute}`, attribute]));
  return {
    ...request,
    ExpressionAttributeNames: { ...request.ExpressionAttributeNames, ...names },
    ProjectionExpression: Object.keys(names).join(', '),
    ReturnConsumedCapacity: 'TOTAL',
    Limit: ROWS,
  };
}

/** What one request has read. */
interface Part {
  items: Item[];
  next: Item | undefined;
  units: number;
}

async function read(dynamo: Dynamo, request: QueryCommandInput, from: Item | undefined): Promise<Part> {
  const command = new QueryCommand(from === undefined ? request : { ...request, ExclusiveStartKey: from });
  const { Items: items = [], LastEvaluatedKey: next, ConsumedCapacity: consumed } = await dynamo.send(command);
  return { items, next, units: consumed?.CapacityUnits ?? 0 };
}

function count(collector: StatisticsCollector, items: readonly Item[], now: number): void {
  for (const item of items) {
    if (isExpired(item, now)) continue;
    const record = decodeCall(item);
    collector.of(record).add(record.status, record.fault, record.time_spent);
  }
}

/**
 * Counts the calls of a partition.
 *
 * @throws DaemonError `invalid_params`, `store_busy`, `store_failed` or `closed`; the signal's reason
 */
export async function readStatistics(
  dynamo: Dynamo,
  partition: string,
  query: StatisticsQuery,
  signal?: AbortSignal,
  { requests = 200, readUnits = 4_000 }: StatisticsBounds = {},
): Promise<CallStatistics> {
  const plan = planStatistics(query);
  const collector = collectStatistics(plan);
  signal?.throwIfAborted();
  if (partition === '' || matchesNothing(plan.filter)) return collector.result();
  const now = Date.now();
  if (plan.filter.name !== undefined) {
    // A function that is rarely called: all its rows are in one answer of the index by name.
    const { items, next } = await read(dynamo, requestOf(partition, query, 'name', now), undefined);
    signal?.throwIfAborted();
    if (next === undefined) {
      count(collector, items, now);
      return collector.result();
    }
  }
  const request = requestOf(partition, query, 'updated_at', now);
  let next: Item | undefined;
  let units = 0;
  for (let made = 0; made < requests && units < readUnits; made += 1) {
    const part = await read(dynamo, request, next);
    signal?.throwIfAborted();
    count(collector, part.items, now);
    units += part.units;
    next = part.next;
    if (next === undefined) return collector.result();
  }
  // Rows of the last millisecond may be read in part.
  return collector.result((parseTime(textOf(next?.['updated_at'])) ?? now) + 1);
}
