/**
 * Lists of call records, newest first. The index by time is read backward and filtered: an index by name has no order in time. Such a
 * page is paid by what is looked at, so each is bounded; it may come short, or empty, with a cursor to go on.
 */
import type { CallQuery, Page } from '@mcp-daemon/core';
import { DaemonError, pageLimit } from '@mcp-daemon/core';

import { callsRequest, isFiltered, matchesNothing } from './call-filter.js';
import { isExpired } from './call-item.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import type { Place } from './cursor.js';
import { fromPlaceCursor, sealOf, toPlaceCursor } from './cursor.js';
import { queryOnce } from './query.js';

/** Rows looked at by one request with a filter, and requests of a page: at most 150 read units for rows of half a KB. */
const LOOK_AT = 100;
const REQUESTS = 20;
/** Requests after which a name counts as rare, and its own index is tried. */
const REQUESTS_BEFORE_NAME = 4;

/** Where a page ended: in the order of time, or in the rows of one name, which are sorted here. */
type Way = 'time' | 'name';

const placeOf = (way: Way, item: Item): Place => [
  way,
  textOf(item['updated_at']) ?? '',
  textOf(item['mcp_function_call_uuid']) ?? '',
];

const sealOfQuery = (partition: string, query: CallQuery): string => {
  const { name, mcp_type, status, updated_by, client, server, revision, updated_at_gt, updated_at_lt } = query;
  return sealOf(partition, name, mcp_type, status, updated_by, client, server, updated_at_gt, updated_at_lt, revision);
};

/** Newest first; at the same time by uuid. */
function newestFirst(a: Item, b: Item): number {
  const [x, y] = [placeOf('name', a).join('\n'), placeOf('name', b).join('\n')];
  return x < y ? 1 : x > y ? -1 : 0;
}

/** All rows of a name, sorted, where one request can read them. */
async function rowsOfName(dynamo: Dynamo, partition: string, query: CallQuery, now: number): Promise<Item[] | undefined> {
  const { items, next } = await queryOnce(dynamo, callsRequest(partition, query, 'name', now));
  return next === undefined ? items.sort(newestFirst) : undefined;
}

interface Walk {
  dynamo: Dynamo;
  partition: string;
  query: CallQuery;
  limit: number;
  now: number;
}

/** Reads backward in time until a page is full, or enough was looked at. */
async function walk(
  { dynamo, partition, query, limit, now }: Walk,
  found: Item[],
  from: Item | undefined,
  most: number,
): Promise<Item | undefined> {
  const request = callsRequest(partition, query, 'updated_at', now);
  let start = from;
  for (let requests = 0; requests < most; requests += 1) {
    // Without a filter one row more says whether there is another page; with one, that is the filter's affair.
    const Limit = isFiltered(query) ? Math.max(LOOK_AT, Math.min(limit + 1, 1_000)) : limit + 1 - found.length;
    const answer = await queryOnce(dynamo, { ...request, Limit, ...(start === undefined ? {} : { ExclusiveStartKey: start }) });
    found.push(...answer.items.filter((item) => !isExpired(item, now)));
    start = answer.next;
    if (start === undefined || found.length > limit) break;
  }
  return start;
}

const startOf = (partition: string, [, updated_at = '', uuid = '']: Place): Item => ({
  partition_key: { S: partition },
  updated_at: { S: updated_at },
  mcp_function_call_uuid: { S: uuid },
});

/** A page of rows, and what goes before it. */
export async function listItems(dynamo: Dynamo, partition: string, query: CallQuery): Promise<Page<Item>> {
  const limit = pageLimit(query);
  const seal = sealOfQuery(partition, query);
  const place = query.cursor === undefined ? undefined : fromPlaceCursor(seal, query.cursor, 3);
  if (place !== undefined && place[0] !== 'time' && place[0] !== 'name')
    throw new DaemonError('invalid_cursor', 'This cursor is not one that this list gave: begin without one.');
  if (partition === '' || matchesNothing(query)) return { items: [] };
  const now = Date.now();
  const page = (way: Way, rows: Item[], goOn: Item | undefined): Page<Item> => {
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? items.at(-1) : goOn;
    return last === undefined ? { items } : { items, cursor: toPlaceCursor(seal, placeOf(way, last)) };
  };
  const pageOfName = async (): Promise<Page<Item> | undefined> => {
    const rows = await rowsOfName(dynamo, partition, query, now);
    if (rows === undefined) return undefined;
    const after = place === undefined ? undefined : place.join('\n');
    return page('name', after === undefined ? rows : rows.filter((row) => placeOf('name', row).join('\n') < after), undefined);
  };

  if (place?.[0] === 'name') {
    const rest = await pageOfName();
    if (rest !== undefined) return rest;
  }
  const found: Item[] = [];
  const state: Walk = { dynamo, partition, query, limit, now };
  const isRare = query.name !== undefined && place === undefined;
  const most = isFiltered(query) ? REQUESTS : Infinity;
  let next = await walk(
    state,
    found,
    place === undefined ? undefined : startOf(partition, place),
    isRare ? REQUESTS_BEFORE_NAME : most,
  );
  if (isRare && next !== undefined && found.length <= limit) {
    const rows = await pageOfName();
    if (rows !== undefined) return rows;
    next = await walk(state, found, next, most - REQUESTS_BEFORE_NAME);
  }
  return page('time', found, next);
}

/** How many records match, counted in the engine's pages until there are `most`. */
export async function countItems(dynamo: Dynamo, partition: string, query: CallQuery, most: number): Promise<number> {
  if (partition === '' || matchesNothing(query)) return 0;
  const key = query.name === undefined ? 'updated_at' : 'name';
  const request = callsRequest(partition, { ...query, bodies: true }, key, Date.now());
  let count = 0;
  let next: Item | undefined;
  do {
    const answer = await queryOnce(dynamo, {
      ...request,
      Select: 'COUNT',
      ...(isFiltered(query) || most >= 1_000_000 ? {} : { Limit: Math.max(1, most - count) }),
      ...(next === undefined ? {} : { ExclusiveStartKey: next }),
    });
    count += answer.count;
    next = answer.next;
  } while (next !== undefined && count < most);
  return Math.min(count, most);
}
