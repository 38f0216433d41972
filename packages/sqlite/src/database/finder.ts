/**
 * Finds the records of a page without reading all others.
 *
 * Where the indexes of `indexes.ts` are missing, all records are read from the newest on, until the page is full. With them, a filter
 * on what calls have in common (their context) reads the calls of matching contexts alone: first those of the time of the newest one,
 * then all. A filter on a status other than completed reads the calls of that status alone.
 */
import type { Connection, Row } from '../engine/connection.js';
import type { Condition, Filters } from './filters.js';
import { sqlOf, valuesOf } from './filters.js';
import { hasIndexes } from './indexes.js';

/** Which records to find. */
export interface Selection {
  partition: number;
  filters: Filters;
  /** Only records whose uuid is less, as 16 bytes. */
  before: Uint8Array | undefined;
  /** Only records whose uuid is not less, as 16 bytes: few enough to look at each of them. Default: all. */
  from?: Uint8Array | undefined;
  /** At most so many. */
  most: number;
  /** Columns of `calls c JOIN contexts x`; among them `uuid`, in hexadecimal digits. */
  columns: string;
}

/** The calls of so many contexts are merged in about a millisecond. */
const FEW_CONTEXTS = 200;
/** Where more contexts match, their calls are probably among the newest ones: so many are read first. */
const NEWEST = 1_000;
/** In so many records the page is looked for first, if a part of them that is read before says that it is there. */
const MOST_OF_WINDOW = 10_000;
/** So many calls of one status are read in some milliseconds. */
const FEW_OF_STATUS = 2_000;

/** Greater than any uuid. */
const BEYOND = Buffer.alloc(17, 0xff);

/** A context that matches, and the uuid of its newest call in hexadecimal digits. */
interface MatchingContext {
  readonly id: number;
  readonly newest: string;
}

/** A record that was found: its uuid in hexadecimal digits, a space, and its row. So they sort by uuid. */
type Found = string;

/** The newest of some records, the newest first. */
const newestFirst = (found: Found[], most: number): Found[] => found.sort().reverse().slice(0, most);

/** Finds records. All throw what the engine throws. */
export interface Finder {
  /** The records, newest first. */
  select(selection: Selection): Row[];
  /** How many records of a partition match. @param most counting stops there; negative: no limit */
  count(partition: number, filters: Filters, most: number): number;
  /** How many of the records between two uuids match; see {@link Selection}. */
  countBetween(selection: Pick<Selection, 'partition' | 'filters' | 'before' | 'from'>): number;
  /** The uuid of the record that is so many records older; undefined: there are not so many. */
  older(partition: number, before: Uint8Array | undefined, records: number): Uint8Array | undefined;
}

/** Creates what finds records. */
export function createFinder(connection: Connection): Finder {
  let areIndexed = false;

  /** Reads records along an index, newest first. CROSS JOIN makes SQLite keep that order, without sorting. */
  function along(calls: string, conditions: readonly Condition[], { columns, most }: Selection): Row[] {
    const sql = `SELECT ${columns} FROM ${calls} CROSS JOIN contexts x ON x.id = c.context
      WHERE ${sqlOf(conditions)} ORDER BY c.uuid DESC LIMIT ?`;
    return connection.prepare(sql).all([...valuesOf(conditions), most]);
  }

  function conditionsOf({
    partition,
    filters,
    before,
    from,
  }: Pick<Selection, 'partition' | 'filters' | 'before' | 'from'>): Condition[] {
    const where: Condition[] = [['c.partition = ?', partition], ...filters.call, ...filters.context];
    if (before !== undefined) where.push(['c.uuid < ?', before]);
    if (from !== undefined) where.push(['c.uuid >= ?', from]);
    return where;
  }

  const walk = (selection: Selection): Row[] => along('calls c', conditionsOf(selection), selection);

  /** Reads the newest records alone. @returns undefined where the page is not full after them */
  function walkNewest(selection: Selection): Row[] | undefined {
    const { partition, before = BEYOND, most } = selection;
    const nth = 'SELECT hex(uuid) AS uuid FROM calls WHERE partition = ? AND uuid < ? ORDER BY calls.uuid DESC LIMIT 1 OFFSET ?';
    const [last] = connection.prepare(nth).all([partition, before, NEWEST - 1]);
    const bounds: Condition[] = last === undefined ? [] : [['c.uuid >= unhex(?)', last['uuid'] ?? null]];
    const rows = along('calls c', [...conditionsOf(selection), ...bounds], selection);
    return last === undefined || rows.length === most ? rows : undefined;
  }

  /** Whether there are so many calls of a status that the contexts are the better way. */
  function isFrequent(partition: number, status: number): boolean {
    const sql = `SELECT count(*) AS number FROM (SELECT 1 FROM calls c INDEXED BY calls_by_status
      WHERE c.partition = ? AND c.status = ? AND c.status > 1 LIMIT ?)`;
    const [row] = connection.prepare(sql).all([partition, status, FEW_OF_STATUS]);
    return Number(row?.['number']) >= FEW_OF_STATUS;
  }

  /** The contexts that match and have calls; the one of the newest call comes first. */
  function contextsOf({ partition, filters, before = BEYOND, most }: Selection): MatchingContext[] {
    const where: Condition[] = [['x.partition = ?', partition], ...filters.context];
    // Without other filters the page consists of calls of so many contexts at most.
    const limit = filters.call.length === 0 ? most : -1;
    const sql = `SELECT x.id, hex((SELECT c.uuid FROM calls c INDEXED BY calls_by_context
        WHERE c.context = x.id AND c.uuid < ? ORDER BY c.uuid DESC LIMIT 1)) AS newest
      FROM contexts x WHERE ${sqlOf(where)} ORDER BY newest DESC LIMIT ?`;
    const rows = connection.prepare(sql).all([before, ...valuesOf(where), limit]);
    const all = rows.map(({ id, newest }) => ({ id: Number(id), newest: String(newest) }));
    return all.filter(({ newest }) => newest !== '');
  }

  /** The newest calls of each context, of some contexts, at most `each` of one. One statement: there may be many contexts. */
  function newestOf(contexts: readonly number[], { filters, before = BEYOND }: Selection, each: number): Found[][] {
    const call: Condition[] = [['c.uuid < ?', before], ...filters.call];
    const sql = `SELECT (SELECT group_concat(n.uuid || ' ' || n.row) FROM (
        SELECT c.rowid AS row, hex(c.uuid) AS uuid FROM calls c INDEXED BY calls_by_context
        WHERE c.context = j.value AND ${sqlOf(call)} ORDER BY c.uuid DESC LIMIT ?
      ) n) AS calls FROM json_each(?) j`;
    const rows = connection.prepare(sql).all([...valuesOf(call), each, JSON.stringify(contexts)]);
    return rows.map(({ calls }) => (calls === null ? [] : newestFirst(String(calls).split(','), each)));
  }

  /** Reads records by their rowids, newest first. */
  function byRowids(rowids: readonly string[], columns: string): Row[] {
    const sql = `SELECT ${columns} FROM json_each(?) j CROSS JOIN calls c ON c.rowid = j.value
      CROSS JOIN contexts x ON x.id = c.context`;
    const rows = connection.prepare(sql).all([`[${rowids.join()}]`]);
    return rows.sort((a, b) => (String(a['uuid']) < String(b['uuid']) ? 1 : -1));
  }

  /** The uuid of the record that is so many records older than another; undefined: there are not so many. */
  function olderBy(records: number, partition: number, newest: string): string | undefined {
    const nth = `SELECT hex(uuid) AS uuid FROM calls WHERE partition = ? AND uuid <= unhex(?) ORDER BY calls.uuid DESC LIMIT 1 OFFSET ?`;
    const [row] = connection.prepare(nth).all([partition, newest, records]);
    return row === undefined ? undefined : String(row['uuid']);
  }

  /**
   * Looks for the page among the records from the newest matching one on: what many records have in common fills it soon.
   *
   * @param contexts those that match; the one of the newest call comes first
   * @returns the rowids of the page; undefined if it takes too many records to fill it
   */
  function rowidsOfWindow(
    contexts: readonly MatchingContext[],
    { partition, filters, before = BEYOND, most }: Selection,
  ): string[] | undefined {
    const newest = contexts[0]?.newest ?? '';
    let records = NEWEST;
    for (;;) {
      const oldest = olderBy(records, partition, newest) ?? '';
      const ids = contexts.filter((context) => context.newest >= oldest).map(({ id }) => id);
      const call: Condition[] = [['c.uuid >= unhex(?)', oldest], ['c.uuid < ?', before], ...filters.call];
      const sql = `SELECT c.rowid AS row FROM json_each(?) j CROSS JOIN calls c INDEXED BY calls_by_context
        WHERE c.context = j.value AND ${sqlOf(call)} ORDER BY c.uuid DESC LIMIT ?`;
      const rows = connection.prepare(sql).all([JSON.stringify(ids), ...valuesOf(call), most]);
      if (rows.length === most || oldest === '') return rows.map(({ row }) => String(row));
      // As many more records as it takes if they match as often, and some to spare.
      const wanted = Math.ceil((1.5 * records * most) / Math.max(1, rows.length));
      if (records > NEWEST || wanted > MOST_OF_WINDOW) return undefined;
      records = wanted;
    }
  }

  /** The rowids of the page, read from the calls of each context. */
  function rowidsOfAll(all: readonly MatchingContext[], selection: Selection): string[] {
    const { most } = selection;
    let contexts = all.map(({ id }) => id);
    // Enough, where all of them have about as many calls in the page.
    let each = Math.min(most, Math.ceil((2 * most) / Math.max(1, contexts.length)) + 2);
    const complete: Found[] = [];
    let found: Found[] = [];
    while (contexts.length > 0) {
      const groups = newestOf(contexts, selection, each);
      found = newestFirst([...complete, ...groups.flat()], most);
      const oldest = found.length === most ? (found.at(-1) ?? '') : '';
      // Of a context with older calls that may be in the page more are read.
      const isCut = (group: readonly Found[]): boolean => group.length === each && each < most && (group.at(-1) ?? '') > oldest;
      complete.push(...groups.filter((group) => !isCut(group)).flat());
      contexts = contexts.filter((_, index) => isCut(groups[index] ?? []));
      each = Math.min(most, each * 8);
    }
    return found.map((text) => text.slice(text.indexOf(' ') + 1));
  }

  function byContexts(selection: Selection): Row[] {
    const where: Condition[] = [['x.partition = ?', selection.partition], ...selection.filters.context];
    const sql = `SELECT count(*) AS number FROM (SELECT 1 FROM contexts x WHERE ${sqlOf(where)} LIMIT ?)`;
    const [row] = connection.prepare(sql).all([...valuesOf(where), FEW_CONTEXTS + 1]);
    const areMany = Number(row?.['number']) > FEW_CONTEXTS;
    const newest = areMany ? walkNewest(selection) : undefined;
    if (newest !== undefined) return newest;
    const contexts = contextsOf(selection);
    if (contexts.length === 0) return [];
    return byRowids(rowidsOfWindow(contexts, selection) ?? rowidsOfAll(contexts, selection), selection.columns);
  }

  /** Which index of a status to use; undefined where the status is none that has one, or contexts are the better way. */
  function statusIndex(partition: number, { status, context }: Filters): string | undefined {
    if (status === 0) return 'calls_open';
    const isRare = status !== undefined && status > 1 && (context.length === 0 || !isFrequent(partition, status));
    return isRare ? 'calls_by_status' : undefined;
  }

  /** SQLite uses a partial index only where its own condition is in the query, word by word. */
  const condition = (index: string): Condition => [index === 'calls_open' ? 'c.status = 0' : 'c.status > 1'];

  function isIndexed(): boolean {
    areIndexed ||= hasIndexes(connection);
    return areIndexed;
  }

  function select(selection: Selection): Row[] {
    const { partition, filters } = selection;
    if (!isIndexed()) return walk(selection);
    const index = statusIndex(partition, filters);
    if (index !== undefined) {
      return along(`calls c INDEXED BY ${index}`, [...conditionsOf(selection), condition(index)], selection);
    }
    return filters.context.length > 0 ? byContexts(selection) : walk(selection);
  }

  /** All statements of `work` see one state. */
  function inOneState<T>(work: () => T): T {
    connection.exec('BEGIN');
    try {
      return work();
    } finally {
      connection.exec('COMMIT');
    }
  }

  return {
    select(selection) {
      const { call, context } = selection.filters;
      if (selection.from !== undefined) return walk(selection);
      return call.length === 0 && context.length === 0 ? walk(selection) : inOneState(() => select(selection));
    },

    countBetween(selection) {
      const conditions = conditionsOf(selection);
      const sql = `SELECT count(*) AS number FROM calls c CROSS JOIN contexts x ON x.id = c.context WHERE ${sqlOf(conditions)}`;
      return Number(connection.prepare(sql).all(valuesOf(conditions))[0]?.['number']);
    },

    older(partition, before, records) {
      const nth =
        'SELECT hex(uuid) AS uuid FROM calls WHERE partition = ? AND uuid < ? ORDER BY calls.uuid DESC LIMIT 1 OFFSET ?';
      const [row] = connection.prepare(nth).all([partition, before ?? BEYOND, records - 1]);
      return row === undefined ? undefined : Buffer.from(String(row['uuid']), 'hex');
    },

    count(partition, filters, most) {
      const { call, context } = filters;
      const index = isIndexed() ? (statusIndex(partition, filters) ?? (context.length > 0 ? 'calls_by_context' : '')) : '';
      const where: Condition[] = [...call];
      if (index === 'calls_open' || index === 'calls_by_status') where.push(condition(index));
      // A context is of one partition; with the index of contexts the rows themselves need not be read.
      if (index !== 'calls_by_context') where.push(['c.partition = ?', partition]);
      if (context.length > 0) {
        const matching: Condition[] = [['x.partition = ?', partition], ...context];
        where.push([`c.context IN (SELECT x.id FROM contexts x WHERE ${sqlOf(matching)})`, ...valuesOf(matching)]);
      }
      const calls = index === '' ? 'calls c' : `calls c INDEXED BY ${index}`;
      const sql = `SELECT count(*) AS number FROM (SELECT 1 FROM ${calls} WHERE ${sqlOf(where)} LIMIT ?)`;
      return Number(connection.prepare(sql).all([...valuesOf(where), most])[0]?.['number']);
    },
  };
}
