/** A store in this process's memory, for tests and for `--store memory`. Its content is lost when the process ends. */
import { createBreather } from '../base/breather.js';
import { uuidv7 } from '../base/uuid.js';
import type { CallStatistics, StatisticsQuery } from '../ports/call-statistics.js';
import type { CallQuery, CallRecord, Retention, Store } from '../ports/calls.js';
import type { Page } from '../ports/page.js';
import { DaemonError } from '../protocol/errors.js';
import { checkMany, fromCursor, isClient, pageLimit, toCursor } from '../records/paging.js';
import { collectStatistics, planStatistics } from '../records/statistics.js';
import { createMemoryCatalogStore } from './catalogs.js';
import { createMemoryState } from './state.js';

/** What {@link createMemoryStore} takes. */
export interface MemoryStoreOptions {
  /**
   * Maximum number of records of a partition; the oldest settled ones are removed. Limits of 1,000 or more may be exceeded by a
   * tenth. Default 10,000.
   */
  maxRecords?: number;
}

/** Newest first: uuids sort by time of creation. */
const byAge = (a: CallRecord, b: CallRecord): number => (a.mcp_function_call_uuid < b.mcp_function_call_uuid ? 1 : -1);

/** The approximate size of a record. */
const sizeOf = (row: CallRecord): number => 1_000 + 2 * ((row.arguments?.length ?? 0) + (row.content?.length ?? 0));

const withoutBodies = (row: CallRecord): CallRecord => ({ ...row, arguments: null, content: null });

const isOpen = (row: CallRecord): boolean => row.status === 'in_process';

function matches(row: CallRecord, query: CallQuery): boolean {
  const { name, mcp_type, status, updated_by, client, server, revision, updated_at_gt, updated_at_lt } = query;
  if (name !== undefined && row.name !== name) return false;
  if (mcp_type !== undefined && row.mcp_type !== mcp_type) return false;
  if (status !== undefined && row.status !== status) return false;
  if (updated_by !== undefined && row.updated_by !== updated_by) return false;
  if (client !== undefined && !isClient(row.client, client)) return false;
  if (server !== undefined && row.server !== server) return false;
  if (revision !== undefined && row.revision !== revision) return false;
  if (updated_at_gt !== undefined && row.updated_at <= updated_at_gt) return false;
  return updated_at_lt === undefined || row.updated_at < updated_at_lt;
}

/**
 * Creates an empty store in memory.
 *
 * @throws DaemonError `usage` if `maxRecords` is not a whole number above zero. Its methods throw as the port says, and `closed`
 *   after `close()`.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const { maxRecords = 10_000 } = options;
  if (!Number.isSafeInteger(maxRecords) || maxRecords < 1) {
    throw new DaemonError('usage', 'maxRecords must be a whole number above zero.');
  }
  const owner = uuidv7();
  const catalogs = createMemoryCatalogStore();
  const partitions = new Map<string, Map<string, CallRecord>>();
  let closed = false;
  let bytes = 0;

  function use(partition: string): Map<string, CallRecord> | undefined {
    if (closed) throw new DaemonError('closed', 'The store is closed.');
    return partitions.get(partition);
  }

  // Remove many at once. A Map that loses its first entry at every write gets slower: it must skip more and more holes to find
  // the next entry.
  const slack = maxRecords < 1_000 ? 0 : Math.floor(maxRecords / 10);

  function remove(rows: Map<string, CallRecord>, row: CallRecord | undefined): void {
    if (row !== undefined && rows.delete(row.mcp_function_call_uuid)) bytes -= sizeOf(row);
  }

  /** A Map keeps the order of insertion, so the first settled rows are the oldest. */
  function dropOldest(rows: Map<string, CallRecord>): void {
    let excess = rows.size - maxRecords;
    for (const row of rows.values()) {
      if (excess <= 0) return;
      if (isOpen(row)) continue;
      remove(rows, row);
      excess -= 1;
    }
  }

  function write(rows: readonly CallRecord[]): void {
    for (const row of rows) {
      let records = use(row.partition_key);
      if (records === undefined) {
        records = new Map();
        partitions.set(row.partition_key, records);
      }
      const before = records.get(row.mcp_function_call_uuid);
      bytes += sizeOf(row) - (before === undefined ? 0 : sizeOf(before));
      records.set(row.mcp_function_call_uuid, { ...row });
      if (records.size > maxRecords + slack) dropOldest(records);
    }
  }

  function list(partition: string, query: CallQuery): Page<CallRecord> {
    const records = use(partition);
    const { bodies = true } = query;
    const limit = pageLimit(query);
    const after = fromCursor(query);
    const found = [...(records?.values() ?? [])].filter((row) => matches(row, query)).sort(byAge);
    const start = after === undefined ? 0 : found.findIndex((row) => row.mcp_function_call_uuid < after);
    const items = start < 0 ? [] : found.slice(start, start + limit);
    const last = items.at(-1);
    const page: Page<CallRecord> = {
      items: items.map((row) => (bodies ? { ...row } : withoutBodies(row))),
    };
    if (last !== undefined && start + limit < found.length) page.cursor = toCursor(last.mcp_function_call_uuid);
    return page;
  }

  function getMany(partition: string, uuids: readonly string[], bodies = true): (CallRecord | undefined)[] {
    const records = use(partition);
    checkMany(uuids);
    return uuids.map((uuid) => {
      const row = records?.get(uuid);
      return row === undefined || !bodies ? row && withoutBodies(row) : { ...row };
    });
  }

  async function statistics(partition: string, query: StatisticsQuery, signal?: AbortSignal): Promise<CallStatistics> {
    const rows = [...(use(partition)?.values() ?? [])];
    const plan = planStatistics(query);
    const collector = collectStatistics(plan);
    const breather = createBreather({ signal });
    for (let at = 0; at < rows.length;) {
      const part = rows.slice(at, at + breather.items);
      for (const row of part) if (matches(row, plan.filter)) collector.of(row).add(row.status, row.fault, row.time_spent);
      at += part.length;
      await breather.rest(part.length);
    }
    return collector.result();
  }

  /** Only this process writes here, so an open record of another owner is interrupted. */
  function interrupt(): number {
    use('');
    let count = 0;
    for (const records of partitions.values()) {
      for (const row of records.values()) {
        if (!isOpen(row) || row.owner === owner) continue;
        row.status = 'interrupted';
        row.notes = 'the process ended before the call did';
        row.updated_at = Date.now();
        count += 1;
      }
    }
    return count;
  }

  function prune(partition: string, { before, count }: Retention): number {
    const records = use(partition);
    if (records === undefined) return 0;
    const settled = [...records.values()].filter((row) => !isOpen(row)).sort(byAge);
    const gone = settled.filter((row, index) => index >= (count ?? Infinity) || row.created_at < (before ?? -Infinity));
    for (const row of gone) remove(records, row);
    return gone.length;
  }

  function shrink(most: number): number {
    use('');
    if (bytes <= most) return 0;
    const settled = [...partitions.values()].flatMap((records) => [...records.values()].filter((row) => !isOpen(row)));
    let count = 0;
    for (const row of settled.sort(byAge).reverse()) {
      if (bytes <= most) break;
      remove(partitions.get(row.partition_key) ?? new Map<string, CallRecord>(), row);
      count += 1;
    }
    return count;
  }

  return {
    name: 'memory',
    owner,
    calls: {
      write,
      get(partition, uuid) {
        const row = use(partition)?.get(uuid);
        return row === undefined ? undefined : { ...row };
      },
      getMany: (partition, uuids, { bodies } = {}) => getMany(partition, uuids, bodies),
      list,
      statistics,
      count(partition, query, most = Infinity) {
        const found = [...(use(partition)?.values() ?? [])].filter((row) => matches(row, query));
        return Math.min(found.length, most);
      },
      find(partition, part, most = 2) {
        const wanted = part.toLowerCase();
        const uuids = [...(use(partition)?.keys() ?? [])];
        const found = uuids.filter((uuid) => uuid.startsWith(wanted) || uuid.endsWith(wanted));
        return found.sort().reverse().slice(0, most);
      },
      delete(partition, uuid) {
        const records = use(partition);
        const row = records?.get(uuid);
        if (records === undefined || row === undefined) return false;
        remove(records, row);
        return true;
      },
      interrupt,
      prune,
      shrink,
    },
    catalogs,
    state: createMemoryState({ refuse: () => void use('') }),
    close() {
      closed = true;
      catalogs.close();
      partitions.clear();
      bytes = 0;
    },
  };
}
