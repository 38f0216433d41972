/**
 * The memory store: the test double, and what `--store memory` uses.
 */
import { DaemonError } from './errors.js';
import type { CallRecord, Store } from './ports.js';
import { uuidv7 } from './uuid.js';

/** Creates an empty store. It forgets with the process, and keeps a bounded number of records of each partition. */
export function createMemoryStore(options: { maxRecords?: number } = {}): Store {
  const { maxRecords = 10_000 } = options;
  const partitions = new Map<string, Map<string, CallRecord>>();
  const rowsOf = (partition: string): CallRecord[] => [...(partitions.get(partition)?.values() ?? [])];
  const after = (a: CallRecord, b: CallRecord): number =>
    b.created_at - a.created_at || (a.mcp_function_call_uuid < b.mcp_function_call_uuid ? 1 : -1);
  return {
    name: 'memory',
    owner: uuidv7(),
    calls: {
      write(rows) {
        for (const row of rows) {
          let known = partitions.get(row.partition_key);
          if (known === undefined) partitions.set(row.partition_key, (known = new Map()));
          known.set(row.mcp_function_call_uuid, { ...row });
          if (known.size <= maxRecords) continue;
          for (const [uuid, old] of known) {
            if (old.status === 'in_process') continue;
            known.delete(uuid);
            break;
          }
        }
      },
      get: (partition, uuid) => partitions.get(partition)?.get(uuid),
      list(partition, { name, mcp_type, status, updated_at_gt = -Infinity, updated_at_lt = Infinity, limit = 100, cursor }) {
        const rows = rowsOf(partition)
          .filter((row) => (name === undefined || row.name === name) && (mcp_type === undefined || row.mcp_type === mcp_type))
          .filter((row) => (status === undefined || row.status === status) && row.updated_at > updated_at_gt && row.updated_at < updated_at_lt)
          .sort(after);
        let from = 0;
        if (cursor !== undefined) {
          const [created, uuid] = Buffer.from(cursor, 'base64url').toString().split(' ');
          if (uuid === undefined || !Number.isFinite(Number(created))) throw new DaemonError('invalid_cursor', 'Invalid cursor.');
          const found = rows.findIndex((row) => row.created_at < Number(created) || (row.created_at === Number(created) && row.mcp_function_call_uuid < uuid));
          from = found === -1 ? rows.length : found;
        }
        const items = rows.slice(from, from + limit).map((row) => ({ ...row }));
        const last = items.at(-1);
        return last === undefined || from + limit >= rows.length
          ? { items }
          : { items, cursor: Buffer.from(`${last.created_at} ${last.mcp_function_call_uuid}`).toString('base64url') };
      },
      interrupt: () => 0,
      prune(partition, { before = -Infinity, count = Infinity }) {
        const known = partitions.get(partition);
        const settled = rowsOf(partition)
          .filter((row) => row.status !== 'in_process')
          .sort(after);
        const gone = settled.filter((row, index) => row.created_at < before || index >= count);
        for (const row of gone) known?.delete(row.mcp_function_call_uuid);
        return gone.length;
      },
    },
    close: () => undefined,
  };
}
