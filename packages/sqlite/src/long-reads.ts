/**
 * Queries that may have to look at all records: no index says which records were updated before or after a time. They look at some
 * thousand records in a turn of the event loop, one query at a time, so that calls that run beside them do not wait.
 */
import type { Awaitable, CallQuery, CallRecord, Page } from '@mcp-daemon/core';
import { DaemonError, ownTurn, pageLimit, toCursor } from '@mcp-daemon/core';

import type { Part } from './database/reader.js';
import type { RecordDatabase } from './record-database.js';

/** What {@link createLongReads} takes. */
export interface LongReadsOptions {
  /** Uses the database. Throws, or rejects with, DaemonError `store_busy` or `store_failed`. */
  read: <T>(work: (records: RecordDatabase) => T) => Awaitable<T>;
}

/** Reads in parts. Both throw DaemonError `invalid_params`, `invalid_cursor`, `store_busy` and `store_failed`. */
export interface LongReads {
  list(partition: string, query: CallQuery): Promise<Page<CallRecord>>;
  count(partition: string, query: CallQuery, most?: number): Promise<number>;
}

/** How long a query may look. Whoever asked has given up by then. */
const MAX_MS = 30_000;

/** Whether a query may have to look at all records. */
export const isLong = ({ updated_at_gt, updated_at_lt }: CallQuery): boolean =>
  updated_at_gt !== undefined || updated_at_lt !== undefined;

/** Creates the reads of one store. */
export function createLongReads({ read }: LongReadsOptions): LongReads {
  async function* parts(
    partition: string,
    query: CallQuery,
    wanted: () => number | undefined,
  ): AsyncGenerator<Part, void, undefined> {
    let after: Uint8Array | undefined;
    const end = performance.now() + MAX_MS;
    do {
      await ownTurn();
      if (performance.now() > end)
        throw new DaemonError(
          'store_busy',
          `The query took more than ${MAX_MS / 1_000} seconds: there are too many records to look at.`,
        );
      const part = await read((records) => records.part(partition, query, after, wanted()));
      yield part;
      after = part.last;
    } while (after !== undefined);
  }

  return {
    async list(partition, query) {
      const limit = pageLimit(query);
      const found: CallRecord[] = [];
      // One more than requested, to know whether there is another page.
      for await (const { items } of parts(partition, query, () => limit + 1 - found.length)) {
        found.push(...items);
        if (found.length > limit) break;
      }
      const items = found.slice(0, limit);
      const end = items.at(-1);
      return found.length > limit && end !== undefined ? { items, cursor: toCursor(end.mcp_function_call_uuid) } : { items };
    },

    async count(partition, query, most = Infinity) {
      let count = 0;
      for await (const part of parts(partition, query, () => undefined)) {
        count += part.count;
        if (count >= most) return most;
      }
      return count;
    },
  };
}
