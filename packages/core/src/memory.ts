/**
 * Records in this process's memory: what tests use, and `--store memory`. They end with the process.
 */
import { DaemonError } from './errors.js';
import type { CallQuery, CallRecord, Page, Retention, Store } from './ports.js';
import { uuidv7 } from './uuid.js';

/** What {@link createMemoryStore} takes. */
export interface MemoryStoreOptions {
  /** Records kept of a partition: beyond it the oldest settled one goes. Default 10,000. */
  maxRecords?: number;
}

type Position = Pick<CallRecord, 'created_at' | 'mcp_function_call_uuid'>;

/** Newest first. */
function byAge(a: Position, b: Position): number {
  if (a.created_at !== b.created_at) return b.created_at - a.created_at;
  return a.mcp_function_call_uuid < b.mcp_function_call_uuid ? 1 : a.mcp_function_call_uuid > b.mcp_function_call_uuid ? -1 : 0;
}

const isOpen = (row: CallRecord): boolean => row.status === 'in_process';

const toCursor = (row: Position): string =>
  Buffer.from(`${row.created_at}.${row.mcp_function_call_uuid}`, 'utf8').toString('base64url');

function fromCursor(cursor: string): Position {
  const match = /^(\d{1,16})\.(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString('utf8'));
  const [, created_at, mcp_function_call_uuid] = match ?? [];
  if (created_at === undefined || mcp_function_call_uuid === undefined) {
    throw new DaemonError('invalid_cursor', 'This cursor is not one that a list of calls gave: begin without one.');
  }
  return { created_at: Number(created_at), mcp_function_call_uuid };
}

function matches(row: CallRecord, { name, mcp_type, status, updated_at_gt, updated_at_lt }: CallQuery): boolean {
  if (name !== undefined && row.name !== name) return false;
  if (mcp_type !== undefined && row.mcp_type !== mcp_type) return false;
  if (status !== undefined && row.status !== status) return false;
  if (updated_at_gt !== undefined && row.updated_at <= updated_at_gt) return false;
  return updated_at_lt === undefined || row.updated_at < updated_at_lt;
}

/**
 * Creates an empty store in memory.
 *
 * @throws DaemonError `usage` where `maxRecords` is no whole number above zero. Its methods throw as the port says, and
 * `closed` after `close()`.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  const { maxRecords = 10_000 } = options;
  if (!Number.isSafeInteger(maxRecords) || maxRecords < 1) {
    throw new DaemonError('usage', 'maxRecords must be a whole number above zero.');
  }
  const owner = uuidv7();
  const partitions = new Map<string, Map<string, CallRecord>>();
  let closed = false;

  function use(partition: string): Map<string, CallRecord> | undefined {
    if (closed) throw new DaemonError('closed', 'The store is closed.');
    return partitions.get(partition);
  }

  /** A map keeps the order in which rows came: its first settled row is the oldest. */
  function dropOldest(rows: Map<string, CallRecord>): void {
    for (const [uuid, row] of rows) {
      if (isOpen(row)) continue;
      rows.delete(uuid);
      return;
    }
  }

  function write(rows: readonly CallRecord[]): void {
    for (const row of rows) {
      let records = use(row.partition_key);
      if (records === undefined) {
        records = new Map();
        partitions.set(row.partition_key, records);
      }
      records.set(row.mcp_function_call_uuid, { ...row });
      if (records.size > maxRecords) dropOldest(records);
    }
  }

  function list(partition: string, query: CallQuery): Page<CallRecord> {
    const records = use(partition);
    const { limit = 100, cursor } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
      throw new DaemonError('invalid_params', 'limit must be a whole number from 1 to 1000.');
    }
    const after = cursor === undefined ? undefined : fromCursor(cursor);
    const found = [...(records?.values() ?? [])].filter((row) => matches(row, query)).sort(byAge);
    const start = after === undefined ? 0 : found.findIndex((row) => byAge(row, after) > 0);
    const items = start < 0 ? [] : found.slice(start, start + limit);
    const last = items.at(-1);
    const page: Page<CallRecord> = { items: items.map((row) => ({ ...row })) };
    if (last !== undefined && start + limit < found.length) page.cursor = toCursor(last);
    return page;
  }

  /** What others left here open cannot go on: everything in this memory is this process's. */
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
    for (const row of gone) records.delete(row.mcp_function_call_uuid);
    return gone.length;
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
      list,
      interrupt,
      prune,
    },
    close() {
      closed = true;
      partitions.clear();
    },
  };
}
