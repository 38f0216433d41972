/**
 * Statistics of call records. Rows are read along the index by time, newest first, and counted here. DynamoDB charges for the size of
 * whole rows, so reading stops at a limit; the answer then says from when on it is complete.
 */
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { CallRecord, CallStatistics, StatisticsQuery } from '@mcp-daemon/core';
import { collectStatistics, planStatistics } from '@mcp-daemon/core';

import { callsRequest, matchesNothing } from './call-filter.js';
import { decodeCall, isExpired } from './call-item.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import { parseTime } from './dates.js';
import { TTL_ATTRIBUTE } from './table-names.js';

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

function requestOf(key: string, query: StatisticsQuery, index: 'updated_at' | 'name', now: number): QueryCommandInput {
  const request = callsRequest(key, { ...planStatistics(query).filter, bodies: true }, index, now);
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
  records: CallRecord[];
  next: Item | undefined;
  units: number;
}

/** Where and when rows are read. */
interface Place {
  dynamo: Dynamo;
  partition: string;
  now: number;
}

async function read({ dynamo, partition, now }: Place, request: QueryCommandInput, from: Item | undefined): Promise<Part> {
  const command = new QueryCommand(from === undefined ? request : { ...request, ExclusiveStartKey: from });
  const { Items: items = [], LastEvaluatedKey: next, ConsumedCapacity: consumed } = await dynamo.send(command);
  const records = items.filter((item) => !isExpired(item, now)).map((item) => decodeCall(item, partition));
  return { records, next, units: consumed?.CapacityUnits ?? 0 };
}

/** The rows under one key, along the time. */
interface Stream {
  readonly request: QueryCommandInput;
  next: Item | undefined;
  /** All rows after this time were read. Milliseconds since 1970. */
  readUntil: number;
}

/** The stream whose next rows are the newest. */
const newestOf = (streams: readonly Stream[]): Stream | undefined =>
  streams.reduce<Stream | undefined>((a, b) => (a === undefined || b.readUntil > a.readUntil ? b : a), undefined);

/** What {@link readStatistics} takes. */
export interface StatisticsReads {
  dynamo: Dynamo;
  partition: string;
  /** The values of `partition_key` under which the records of the partition are. */
  keys: readonly string[];
  query: StatisticsQuery;
  signal?: AbortSignal | undefined;
  bounds?: StatisticsBounds;
}

/**
 * Counts the calls of a partition.
 *
 * @throws DaemonError `invalid_params`, `store_busy`, `store_failed` or `closed`; the signal's reason
 */
export async function readStatistics({
  dynamo,
  partition,
  keys,
  query,
  signal,
  bounds = {},
}: StatisticsReads): Promise<CallStatistics> {
  const { requests = 200, readUnits = 4_000 } = bounds;
  const plan = planStatistics(query);
  const collector = collectStatistics(plan);
  const now = Date.now();
  let made = 0;
  let units = 0;

  async function next(request: QueryCommandInput, from: Item | undefined): Promise<Part> {
    signal?.throwIfAborted();
    const part = await read({ dynamo, partition, now }, request, from);
    signal?.throwIfAborted();
    made += 1;
    units += part.units;
    return part;
  }

  function count(records: readonly CallRecord[]): void {
    for (const record of records) collector.of(record).add(record.status, record.fault, record.time_spent);
  }

  /** A function that is rarely called: all its rows under a key are in one answer of the index by name. */
  async function byName(): Promise<CallRecord[] | undefined> {
    const found: CallRecord[] = [];
    for (const key of keys) {
      const part = await next(requestOf(key, query, 'name', now), undefined);
      if (part.next !== undefined) return undefined;
      found.push(...part.records);
    }
    return found;
  }

  signal?.throwIfAborted();
  if (matchesNothing(plan.filter)) return collector.result();
  const rare = plan.filter.name === undefined ? undefined : await byName();
  if (rare !== undefined) {
    count(rare);
    return collector.result();
  }
  let open = keys.map((key): Stream => ({
    ...{ request: requestOf(key, query, 'updated_at', now), next: undefined, readUntil: Infinity },
  }));
  /** Records that are older than what was not read yet: if reading stops, they do not count. */
  let older: CallRecord[] = [];
  for (let stream = newestOf(open); stream !== undefined; stream = newestOf(open)) {
    const readUntil = stream.readUntil;
    if (made >= requests || units >= readUnits) return collector.result(readUntil === Infinity ? now : readUntil + 1);
    const part = await next(stream.request, stream.next);
    stream.next = part.next;
    stream.readUntil = parseTime(textOf(part.next?.['updated_at'])) ?? -Infinity;
    if (part.next === undefined) open = open.filter((one) => one !== stream);
    const limit = newestOf(open)?.readUntil ?? -Infinity;
    const all = [...older, ...part.records];
    count(all.filter(({ updated_at }) => updated_at > limit));
    older = all.filter(({ updated_at }) => updated_at <= limit);
  }
  return collector.result();
}
