/** Limits the size of the database: removes the oldest records of all partitions, and returns free pages to the file system. */
import { setImmediate as turn } from 'node:timers/promises';

import type { Connection } from '../engine/connection.js';
import { inTransaction } from '../engine/transaction.js';
import { createPace } from './pace.js';
import { BODY_BYTES, pruneContexts, ROW_BYTES } from './prune.js';

interface Pages {
  readonly all: number;
  readonly free: number;
  readonly bytes: number;
}

function pagesOf(connection: Connection): Pages {
  const sql = 'SELECT page_count, freelist_count, page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size';
  const [row] = connection.prepare(sql).all([]);
  return { all: Number(row?.['page_count']), free: Number(row?.['freelist_count']), bytes: Number(row?.['page_size']) };
}

/** Bytes of the pages in use. */
function usedBytes(connection: Connection): number {
  const { all, free, bytes } = pagesOf(connection);
  return (all - free) * bytes;
}

/** Free pages up to this number of bytes are kept for new records. */
const KEPT_BYTES = 4 * 1024 * 1024;
/**
 * Free pages up to this share of all pages are kept, too: returning pages and allocating them again costs more than keeping them.
 */
const KEPT_SHARE = 0.25;
const PAGES = 64;

/**
 * Returns free pages to the file system, if there are many. Does nothing in a file without incremental vacuum.
 *
 * @param goOn called before each step, which takes a few milliseconds; false stops the work
 */
export async function giveBack(connection: Connection, goOn: () => boolean): Promise<void> {
  const { all, free, bytes } = pagesOf(connection);
  if (free * bytes <= Math.max(KEPT_BYTES, all * bytes * KEPT_SHARE)) return;
  const pace = createPace();
  let before = free;
  while (goOn()) {
    const began = performance.now();
    const step = Math.min(before - Math.ceil(KEPT_BYTES / bytes / 2), Math.round((PAGES * pace.rows) / 64));
    if (step <= 0) return;
    connection.exec(`PRAGMA incremental_vacuum(${step})`);
    const left = pagesOf(connection).free;
    if (left >= before) return;
    before = left;
    pace.took(performance.now() - began);
    await turn();
  }
}

/** One of the oldest settled records. */
interface Oldest {
  readonly partition: number;
  /** In hexadecimal digits. */
  readonly uuid: string;
  readonly bytes: number;
}

/**
 * The oldest settled records of all partitions, oldest first; at least one, if there is one.
 *
 * @param most approximate maximum number
 */
function oldestOfAll(connection: Connection, most: number): Oldest[] {
  const partitions = connection.prepare('SELECT id FROM partitions').all([]);
  const each = Math.max(4, Math.ceil(most / Math.max(1, partitions.length)));
  const statement = connection.prepare(
    `SELECT hex(uuid) AS uuid, ${BODY_BYTES} AS bytes FROM calls WHERE partition = ? AND status <> 0 ORDER BY calls.uuid LIMIT ?`,
  );
  const found: Oldest[] = [];
  let horizon: string | undefined;
  for (const { id } of partitions) {
    const rows = statement.all([id ?? 0, each]);
    for (const row of rows) {
      found.push({ partition: Number(id), uuid: String(row['uuid']), bytes: Number(row['bytes']) + ROW_BYTES });
    }
    // A full page may have more records after it, and they may be older than records of other partitions.
    const last = rows.length === each ? String(rows.at(-1)?.['uuid']) : undefined;
    if (last !== undefined && (horizon === undefined || last < horizon)) horizon = last;
  }
  return found.filter(({ uuid }) => horizon === undefined || uuid <= horizon).sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
}

/**
 * Removes the oldest settled records of all partitions while the database takes more than `most` bytes; returns how many. Throws
 * what the engine throws; batches that were already removed stay removed.
 *
 * @param goOn called before each batch; false stops the work
 */
export async function shrink(connection: Connection, most: number, goOn: () => boolean): Promise<number> {
  const remove = connection.prepare('DELETE FROM calls WHERE partition = ? AND status <> 0 AND uuid <= unhex(?)');
  const pace = createPace();
  let removed = 0;
  for (let excess = usedBytes(connection) - most; excess > 0 && goOn(); excess = usedBytes(connection) - most) {
    const began = performance.now();
    const last = new Map<number, string>();
    let bytes = 0;
    for (const row of oldestOfAll(connection, pace.rows)) {
      last.set(row.partition, row.uuid);
      bytes += row.bytes;
      if (bytes >= Math.min(pace.bytes, excess)) break;
    }
    if (last.size === 0) break;
    removed += inTransaction(connection, () =>
      [...last].reduce((count, [partition, uuid]) => count + remove.run([partition, uuid]), 0),
    );
    pace.took(performance.now() - began);
    await turn();
  }
  if (removed > 0) pruneContexts(connection);
  return removed;
}
