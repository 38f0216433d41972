/**
 * Lists of call records, newest first. The index by time is read backward and filtered: an index by name has no order in time. Such a
 * page is paid by what is looked at, so each is bounded; it may come short, or empty, with a cursor to go on. Records that are spread over
 * several keys are read from all of them.
 */
import type { CallQuery, Page } from '@mcp-daemon/core';
import { DaemonError, pageLimit } from '@mcp-daemon/core';

import { inParallel } from '../base/pacing.js';
import { callsRequest, isFiltered, isOutside, justBefore, matchesNothing } from './call-filter.js';
import { isExpired } from './call-item.js';
import type { StreamPlace, StreamSource } from './call-streams.js';
import { createStreams, timeOf } from './call-streams.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import type { Place } from './cursor.js';
import { fromPlaceCursor, sealOf, toPlaceCursor } from './cursor.js';
import { queryOnce } from './query.js';
import type { Spread, SpreadKey } from './spread.js';

/** Rows looked at by one request with a filter, and requests of a page: at most 150 read units for rows of half a KB. */
const LOOK_AT = 100;
const REQUESTS = 20;
/** Requests after which a name counts as rare, and its own index is tried. */
const REQUESTS_BEFORE_NAME = 4;
/** Keys that are asked at once for a name. */
const WIDTH = 16;

/** Where call records are read: what {@link listItems} and {@link countItems} take. */
export interface CallReads {
  dynamo: Dynamo;
  spread: Spread;
}

/** Where a page ended: in the order of time, or in the rows of one name, which are sorted here. */
type Way = 'time' | 'name';

const uuidOf = (item: Item): string => textOf(item['mcp_function_call_uuid']) ?? '';

const sealOfQuery = (partition: string, query: CallQuery): string => {
  const { name, mcp_type, status, updated_by, client, server, revision, updated_at_gt, updated_at_lt } = query;
  return sealOf(partition, name, mcp_type, status, updated_by, client, server, updated_at_gt, updated_at_lt, revision);
};

/** The order of rows that are sorted here: by time, at the same time by uuid. */
const orderOf = (time: string, uuid: string): string => `${time}\n${uuid}`;
const orderOfRow = (item: Item): string => orderOf(timeOf(item), uuidOf(item));

function newestFirst(a: Item, b: Item): number {
  const [x, y] = [orderOfRow(a), orderOfRow(b)];
  return x < y ? 1 : x > y ? -1 : 0;
}

/** All rows of a name, sorted, if one request for each key can read them. */
async function rowsOfName(
  dynamo: Dynamo,
  keys: readonly SpreadKey[],
  query: CallQuery,
  now: number,
): Promise<Item[] | undefined> {
  const rows: Item[] = [];
  let isComplete = true;
  await inParallel(keys, WIDTH, async ({ key }) => {
    if (!isComplete) return;
    const { items, next } = await queryOnce(dynamo, callsRequest(key, query, 'name', now));
    rows.push(...items);
    isComplete = isComplete && next === undefined;
  });
  return isComplete ? rows.sort(newestFirst) : undefined;
}

/** What is read of one key, from the place where the last page ended. */
function sourceOf(
  partition: string,
  { key, share }: SpreadKey,
  query: CallQuery,
  place: Place | undefined,
  now: number,
): StreamSource {
  const [, time = '', uuid = '', suffix = ''] = place ?? [];
  if (place === undefined) return { key, share, request: callsRequest(key, query, 'updated_at', now) };
  const ended = partition + suffix;
  if (key === ended) {
    const from = { partition_key: { S: key }, updated_at: { S: time }, mcp_function_call_uuid: { S: uuid } };
    return { key, share, request: callsRequest(key, query, 'updated_at', now), from };
  }
  // At the time of the last row, the keys before its own were read, and those after it were not.
  const until = key < ended ? justBefore(time) : time;
  return { key, share, request: isOutside(query, until) ? undefined : callsRequest(key, query, 'updated_at', now, until) };
}

/** A page of rows, and what goes before it. */
export async function listItems({ dynamo, spread }: CallReads, partition: string, query: CallQuery): Promise<Page<Item>> {
  const limit = pageLimit(query);
  const seal = sealOfQuery(partition, query);
  const place = query.cursor === undefined ? undefined : fromPlaceCursor(seal, query.cursor, 4);
  if (place !== undefined && place[0] !== 'time' && place[0] !== 'name')
    throw new DaemonError('invalid_cursor', 'This cursor is not one that this list gave: begin without one.');
  if (partition === '' || matchesNothing(query)) return { items: [] };
  const now = Date.now();
  const keys = await spread.keys(partition);

  const page = (way: Way, rows: Item[], goOn: StreamPlace | undefined): Page<Item> => {
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? items.at(-1) : goOn?.row;
    if (last === undefined) return { items };
    const key = textOf(last['partition_key']) ?? partition;
    return { items, cursor: toPlaceCursor(seal, [way, timeOf(last), uuidOf(last), key.slice(partition.length)]) };
  };
  const pageOfName = async (): Promise<Page<Item> | undefined> => {
    const rows = await rowsOfName(dynamo, keys, query, now);
    if (rows === undefined) return undefined;
    const after = place === undefined ? undefined : orderOf(place[1] ?? '', place[2] ?? '');
    return page('name', after === undefined ? rows : rows.filter((row) => orderOfRow(row) < after), undefined);
  };

  if (place?.[0] === 'name') {
    const rest = await pageOfName();
    if (rest !== undefined) return rest;
  }
  const found: Item[] = [];
  const sources = keys.map((key) => sourceOf(partition, key, query, place, now));
  const streams = createStreams(dynamo, sources, (item) => !isExpired(item, now));
  // Without a filter one row more says whether there is another page.
  const filtered = isFiltered(query) ? Math.max(LOOK_AT, Math.min(limit + 1, 1_000)) : undefined;
  const read = (requests: number): Promise<StreamPlace | undefined> =>
    streams.read(
      found,
      limit + 1,
      () => filtered ?? limit + 1 - found.length,
      filtered === undefined ? Infinity : requests * filtered,
    );
  const isRare = query.name !== undefined && place === undefined;
  let next = await read(isRare ? REQUESTS_BEFORE_NAME : REQUESTS);
  if (isRare && next !== undefined) {
    const rows = await pageOfName();
    if (rows !== undefined) return rows;
    next = await read(REQUESTS - REQUESTS_BEFORE_NAME);
  }
  return page('time', found, next);
}

/** How many records match, counted in the engine's pages until there are `most`. */
export async function countItems(
  { dynamo, spread }: CallReads,
  partition: string,
  query: CallQuery,
  most: number,
): Promise<number> {
  if (partition === '' || matchesNothing(query)) return 0;
  const index = query.name === undefined ? 'updated_at' : 'name';
  const now = Date.now();
  let count = 0;
  for (const { key } of await spread.keys(partition)) {
    const request = callsRequest(key, { ...query, bodies: true }, index, now);
    let next: Item | undefined;
    do {
      if (count >= most) return most;
      const answer = await queryOnce(dynamo, {
        ...request,
        Select: 'COUNT',
        ...(isFiltered(query) || most >= 1_000_000 ? {} : { Limit: Math.max(1, most - count) }),
        ...(next === undefined ? {} : { ExclusiveStartKey: next }),
      });
      count += answer.count;
      next = answer.next;
    } while (next !== undefined);
  }
  return Math.min(count, most);
}
