/**
 * Rows of several keys as one list, newest first. Rows of the same time are in the order of their keys, and under one key in the order
 * of the index, which DynamoDB alone knows.
 */
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';

import { inParallel } from '../base/pacing.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import { queryOnce } from './query.js';

/** Requests at once for one list. */
const WIDTH = 16;
/** After all times. */
const LATEST = '\uFFFF';

/** What is read of one key. */
export interface StreamSource {
  readonly key: string;
  /** The request, newest first; undefined if there can be nothing. */
  readonly request: QueryCommandInput | undefined;
  /** Where it begins; undefined: at the newest. */
  readonly from?: Item | undefined;
  /** Which part of the rows is expected under this key, from 0 to 1. */
  readonly share: number;
}

/** Where a list goes on: after this row of this key. */
export interface StreamPlace {
  key: string;
  row: Item;
}

/** Rows of several keys, newest first. */
export interface Streams {
  /**
   * Reads rows until there are `wanted`, or the end, or until so many rows were looked at.
   *
   * @param found gets the rows
   * @param lookAt rows that one request for all keys looks at
   * @param budget rows to look at before it stops
   * @returns where it stopped if rows were looked at in vain and there may be more; undefined: there are `wanted`, or it is the end
   */
  read(found: Item[], wanted: number, lookAt: () => number, budget: number): Promise<StreamPlace | undefined>;
}

interface Stream extends StreamSource {
  rows: Item[];
  next: Item | undefined;
  state: 'new' | 'begun' | 'ended';
}

export const timeOf = (item: Item): string => textOf(item['updated_at']) ?? '';

/** The newest time of which a stream may have a row; undefined at its end. */
function newestOf({ rows: [first], next, state }: Stream): string | undefined {
  if (first !== undefined) return timeOf(first);
  if (state === 'ended') return undefined;
  return next === undefined ? LATEST : timeOf(next);
}

/** The stream that has the next row, or has to be asked for it. */
function first(streams: readonly Stream[]): Stream | undefined {
  let found: Stream | undefined;
  let newest = '';
  for (const stream of streams) {
    const time = newestOf(stream);
    if (time === undefined || (found !== undefined && time <= newest)) continue;
    [found, newest] = [stream, time];
  }
  return found;
}

/**
 * Creates the list of these keys, in their order. Nothing is read yet.
 *
 * @param isWanted which rows belong to the list, beside the filters of the requests
 */
export function createStreams(dynamo: Dynamo, sources: readonly StreamSource[], isWanted: (item: Item) => boolean): Streams {
  const streams: Stream[] = sources.map((source) => ({
    ...source,
    rows: [],
    next: source.from,
    state: source.request === undefined ? 'ended' : 'new',
  }));

  async function fetch(stream: Stream, Limit: number): Promise<void> {
    const { request, next } = stream;
    if (request === undefined) return;
    const answer = await queryOnce(dynamo, { ...request, Limit, ...(next === undefined ? {} : { ExclusiveStartKey: next }) });
    stream.rows.push(...answer.items.filter(isWanted));
    stream.next = answer.next;
    stream.state = answer.next === undefined ? 'ended' : 'begun';
  }

  /** All keys for the first time, then those that have no rows left and the same share as the one that is asked. */
  const hungry = (asked: Stream): Stream[] =>
    asked.state === 'new'
      ? streams.filter(({ state }) => state === 'new')
      : streams.filter(
          (stream) =>
            stream === asked ||
            (stream.state === 'begun' && stream.rows.length === 0 && asked.share > 0 && stream.share === asked.share),
        );

  return {
    async read(found, wanted, lookAt, budget) {
      let left = budget;
      while (found.length < wanted) {
        const stream = first(streams);
        if (stream === undefined) return undefined;
        const row = stream.rows.shift();
        if (row !== undefined) {
          found.push(row);
          continue;
        }
        if (left <= 0 && stream.next !== undefined) return { key: stream.key, row: stream.next };
        const most = lookAt();
        const sizes = new Map(
          hungry(stream).map((one) => {
            // Of older keys one row is enough to know when they come.
            const share = one.share > 0 ? one.share : one.state === 'new' ? 0 : 1;
            return [one, Math.max(1, Math.ceil(share * most))];
          }),
        );
        await inParallel([...sizes], WIDTH, ([one, size]) => fetch(one, size));
        left -= [...sizes.values()].reduce((sum, size) => sum + size, 0);
      }
      return undefined;
    },
  };
}
