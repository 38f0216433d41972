/** Copies catalogs and call records from one store to another, and checks what was written. */
import { equalJson } from '../base/equality.js';
import type { CallRecord, Store } from '../ports/calls.js';
import type { CatalogStore } from '../ports/catalog-store.js';
import { DaemonError } from '../protocol/errors.js';
import { copyCatalog } from './copy-catalog.js';
import type { CopiedCount, CopiedPartition, CopyOptions } from './copy-report.js';
import { copyState } from './copy-state.js';
import { PAGE, recordPairs } from './record-pairs.js';

/** Differences of records that are named; more are counted. */
const MAX_NAMED = 20;

/** The members of a record that say something about the store, not about the call. */
const ofStore = { owner: '', content_in_s3: false, mcp_function_call_uuid: '' };
const equalRecords = (a: CallRecord, b: CallRecord): boolean => equalJson({ ...a, ...ofStore }, { ...b, ...ofStore });

/** Whether a record that is in the other store was copied in whole, as far as can be seen without its bodies. */
const isCopied = (record: CallRecord, other: CallRecord | undefined): boolean =>
  other !== undefined && other.status === record.status && other.updated_at === record.updated_at;

/**
 * The record with its arguments and its result. A list gives a record without those that cannot be read from where large ones are; copied
 * like that, they would be lost in silence.
 *
 * @returns the error where they cannot be read
 * @throws DaemonError `store_busy`, `closed`
 */
async function readWhole({ calls }: Store, record: CallRecord): Promise<CallRecord | Error> {
  if (record.arguments !== null && record.content !== null) return record;
  try {
    return (await calls.get(record.partition_key, record.mcp_function_call_uuid)) ?? record;
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'store_failed') return error;
    throw error;
  }
}

/** What the steps of a copy share. */
interface Copy extends Required<Pick<CopyOptions, 'since' | 'onProgress'>> {
  from: Store;
  to: Store;
  signal: AbortSignal | undefined;
}

/**
 * Writes records. Those that the store does not take do not keep the others from being written.
 *
 * @returns the errors of those that it did not take, by their ids
 * @throws DaemonError `store_busy`, `closed`; `store_failed` where it takes none of several
 */
async function writeEach({ calls }: Store, rows: readonly CallRecord[]): Promise<Map<string, Error>> {
  const refused = new Map<string, Error>();
  if (rows.length === 0) return refused;
  const write = async (some: readonly CallRecord[]): Promise<DaemonError | undefined> => {
    try {
      await calls.write(some);
      return undefined;
    } catch (error) {
      if (error instanceof DaemonError && error.code === 'store_failed') return error;
      throw error;
    }
  };
  const failed = await write(rows);
  if (failed === undefined) return refused;
  for (const row of rows) {
    const error = rows.length === 1 ? failed : await write([row]);
    if (error !== undefined) refused.set(row.mcp_function_call_uuid, error);
  }
  if (rows.length > 1 && refused.size === rows.length) throw failed;
  return refused;
}

/** Copies the records. @returns the ids of those that cannot be copied; they are named among the differences */
async function copyRecords({ from, to, since, signal, onProgress }: Copy, report: CopiedPartition): Promise<Set<string>> {
  const { partition, records, differences } = report;
  const left = new Map<string, Error>();
  const total = await from.calls.count(partition, {});
  let waiting: CallRecord[] = [];
  const flush = async (): Promise<void> => {
    const refused = await writeEach(to, waiting);
    for (const [id, error] of refused) left.set(id, error);
    records.written += waiting.length - refused.size;
    waiting = [];
    onProgress({ partition, step: 'records', done: records.found, total });
    signal?.throwIfAborted();
  };
  for await (const { record, id, other } of recordPairs(from, to, partition, false)) {
    records.found += 1;
    if (record.status === 'in_process') records.running += 1;
    else if (record.updated_at < since) records.old += 1;
    else if (!isCopied(record, other)) {
      const whole = await readWhole(from, record);
      if (whole instanceof Error) left.set(id, whole);
      else waiting.push({ ...whole, mcp_function_call_uuid: id });
    }
    if (waiting.length === PAGE || records.found % 1_000 === 0) await flush();
  }
  await flush();
  const named = [...left].slice(0, MAX_NAMED);
  differences.push(...named.map(([id, { message }]) => `record ${id} is not copied: ${message}`));
  if (left.size > MAX_NAMED) differences.push(`${left.size - MAX_NAMED} more records are not copied`);
  return new Set(left.keys());
}

/** Reads all records of both stores again and compares them. @param left ids of records that were not copied */
async function checkRecords(
  { from, to, since, signal, onProgress }: Copy,
  report: CopiedPartition,
  left: ReadonlySet<string>,
): Promise<void> {
  const { partition, differences, records } = report;
  let [done, found] = [0, 0];
  const differs = (what: string): void => {
    found += 1;
    if (found <= MAX_NAMED) differences.push(what);
  };
  for await (const { record, id, other } of recordPairs(from, to, partition, true)) {
    done += 1;
    if (done % PAGE === 0) {
      onProgress({ partition, step: 'check', done, total: records.found });
      signal?.throwIfAborted();
    }
    if (record.status === 'in_process' || record.updated_at < since || left.has(id)) continue;
    const name = `record ${id}`;
    if (other === undefined) differs(`${name} is missing`);
    else if (!equalRecords(record, other)) {
      const keys = (Object.keys(record) as (keyof CallRecord)[]).filter(
        (key) => !(key in ofStore) && !equalJson(record[key], other[key]),
      );
      differs(`${name} differs: ${keys.join(', ')}`);
    }
  }
  if (found > MAX_NAMED) differences.push(`${found - MAX_NAMED} more records differ`);
  onProgress({ partition, step: 'check', done, total: Math.max(done, records.found) });
}

function catalogsOf({ name, catalogs }: Store): CatalogStore {
  if (catalogs === undefined) throw new DaemonError('store_failed', `The ${name} store keeps no catalogs.`);
  return catalogs;
}

/** The partitions that a copy is for, by name. */
async function partitionsOf(catalogs: CatalogStore): Promise<string[]> {
  const found = new Set(['default']); // a config file is served as it, so it may have records and no catalog
  let cursor: string | undefined;
  do {
    const page = await catalogs.partitions({ limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
    for (const { partition } of page.items) found.add(partition);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return [...found].sort();
}

const none = (): CopiedCount => ({ found: 0, written: 0 });

/**
 * Copies partitions from one store to another: settings, history with the texts of all revisions, rows, some shared state, and call records. What the other
 * store has already is skipped, so a copy that was stopped goes on where it was; nothing is removed from either store. A partition whose
 * history in the other store is not the beginning of the one to copy is left as it is, and named.
 *
 * @param to must keep what it was given when `write` resolves: a store that writes later has to be opened otherwise
 * @returns one report per partition, with all that differs
 * @throws DaemonError `store_failed`, `store_busy`; the signal's reason
 * @example const [report] = await copyStore(sqlite, dynamo, { partitions: ['acme'] });
 */
export async function copyStore(from: Store, to: Store, options: CopyOptions = {}): Promise<CopiedPartition[]> {
  const { records = true, state: prefixes = [], since = -Infinity, signal, onProgress = () => undefined } = options;
  const [source, target] = [catalogsOf(from), catalogsOf(to)];
  const copy: Copy = { from, to, since, signal, onProgress };
  const reports: CopiedPartition[] = [];
  for (const partition of options.partitions ?? (await partitionsOf(source))) {
    const report: CopiedPartition = {
      partition,
      settings: none(),
      revisions: none(),
      rows: none(),
      state: none(),
      records: { ...none(), running: 0, old: 0 },
      differences: [],
    };
    reports.push(report);
    await copyCatalog(source, target, report, { signal, onProgress });
    if (from.state !== undefined && to.state !== undefined)
      await copyState(from.state, to.state, report, { prefixes, signal, onProgress });
    if (!records) continue;
    await checkRecords(copy, report, await copyRecords(copy, report));
  }
  return reports;
}
