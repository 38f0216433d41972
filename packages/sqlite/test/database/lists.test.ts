/** Filtered lists give what reading all records gives, with and without the indexes, and read along an index. */
import { join } from 'node:path';

import type { CallQuery, CallRecord, Store } from '@mcp-daemon/core';
import { createMemoryStore } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { createIndexes, hasIndexes } from '../../src/database/indexes.js';
import type { Reader } from '../../src/database/reader.js';
import { createReader } from '../../src/database/reader.js';
import { migrate } from '../../src/database/schema.js';
import type { Connection, Value } from '../../src/engine/connection.js';
import { openSqliteStore } from '../../src/index.js';
import { connect, imported, temporaryFolder, value } from '../support.js';

const folder = temporaryFolder();
let count = 0;
const newFile = (): string => join(folder, `${(count += 1)}.db`);
const RECORDS = 6_000;
const DROP = 'DROP INDEX calls_by_context; DROP INDEX calls_by_status';

/** Numbers below `limit`, the same in each run. */
function createRandom(): (limit: number) => number {
  let seed = 7;
  return (limit) => (seed = (seed * 48_271) % 2_147_483_647) % limit;
}

/** Records of many contexts, some of them large and some with a single call, in two partitions. */
function records(): CallRecord[] {
  const random = createRandom();
  return Array.from({ length: RECORDS }, (_, index) => {
    const time = 1_790_000_000_000 + index;
    const status = (['failed', 'timed_out', 'cancelled', 'interrupted', 'in_process'] as const)[random(40)] ?? 'completed';
    return exampleRecord({
      partition_key: random(10) === 0 ? 'other' : 'default',
      name: index < 600 && random(30) === 0 ? 'rare' : `f${random(4)}`,
      updated_by: `user ${random(100) === 0 ? random(50) : random(3)}`,
      mcp_type: random(5) === 0 ? 'prompt' : 'tool',
      status,
      revision: `r${Math.floor(index / 1_500)}`,
      owner: `owner ${Math.floor(index / 300)}`,
      client: random(2) === 0 ? 'a/1' : 'a/2',
      created_at: time,
      updated_at: time + random(50),
    });
  });
}

const QUERIES: CallQuery[] = [
  {},
  { name: 'rare' },
  { name: 'f1' },
  { name: 'none' },
  { revision: 'r0' },
  { revision: 'r3', name: 'f2' },
  { updated_by: 'user 1' },
  { updated_by: 'user 40' },
  { mcp_type: 'prompt', client: 'a/1' },
  { client: 'a', server: 'forecasts' },
  { status: 'completed' },
  { status: 'failed' },
  { status: 'in_process' },
  { status: 'interrupted', name: 'f1' },
  { status: 'timed_out', updated_by: 'user 2', revision: 'r1' },
  { status: 'completed', name: 'rare' },
  { name: 'f0', updated_at_gt: 1_790_000_001_000, updated_at_lt: 1_790_000_002_000 },
  { name: 'rare', status: 'in_process' },
];

/** Follows cursors, for a few pages. */
async function pages(store: Store, partition: string, query: CallQuery, most: number): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < most; page += 1) {
    const { items, cursor: next } = await store.calls.list(partition, { ...query, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...items.map((row) => row.mcp_function_call_uuid), next === undefined ? 'end' : 'more');
    if (next === undefined) break;
    cursor = next;
  }
  return found;
}

describe('filtered lists', () => {
  const rows = records();
  const memory = createMemoryStore();
  const file = newFile();

  beforeAll(async () => {
    await memory.calls.write(rows);
    const store = await openSqliteStore({ file });
    await store.calls.write(rows);
    await store.close();
    expect(Number(value(file, 'SELECT count(*) FROM contexts'))).toBeGreaterThan(1_000);
  });

  it.each([
    ['with', ''],
    ['without', DROP],
  ])('are the same as in memory %s the indexes', async (_, sql) => {
    const connection = connect(file);
    if (sql !== '') connection.exec(sql);
    expect(hasIndexes(connection)).toBe(sql === '');
    connection.close();
    const store = await openSqliteStore({ file, readonly: true });
    for (const query of QUERIES) {
      for (const [partition, limit, most] of [
        ['default', 7, 5],
        ['default', 100, 3],
        ['default', 1000, 10],
        ['other', 20, 4],
      ] as const) {
        const expected = await pages(memory, partition, { ...query, limit }, most);
        expect([query, await pages(store, partition, { ...query, limit }, most)]).toEqual([query, expected]);
      }
      for (const most of [Infinity, 5]) {
        expect([query, await store.calls.count('default', query, most)]).toEqual([
          query,
          await memory.calls.count('default', query, most),
        ]);
      }
    }
    await store.close();
  });

  it('give whole records', async () => {
    const connection = connect(file);
    createIndexes(connection);
    connection.close();
    const store = await openSqliteStore({ file, readonly: true });
    const query = { name: 'rare', limit: 1000 };
    expect((await store.calls.list('default', query)).items).toEqual((await memory.calls.list('default', query)).items);
    const [first] = (await store.calls.list('default', { ...query, bodies: false })).items;
    expect(first).toMatchObject({ name: 'rare', arguments: null, content: null });
    await store.close();
  });
});

describe('the indexes', () => {
  it('are made with a new file, and hold no completed call by status', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await imported(store);
    await store.close();
    const connection = connect(file);
    expect(hasIndexes(connection)).toBe(true);
    expect(value(file, `SELECT sql FROM sqlite_schema WHERE name = 'calls_by_status'`)).toContain('WHERE status > 1');
    connection.close();
  });

  it('are left for later where an old file has many records, and made then', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await imported(store);
    await store.close();
    const connection = connect(file);
    connection.exec(
      `${DROP}; DROP TABLE mcp_functions; DROP TABLE mcp_modules; DROP TABLE mcp_settings; DROP TABLE catalog_heads;
       DROP TABLE catalog_history; DROP TABLE catalog_revisions; PRAGMA user_version = 2;
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
       INSERT INTO calls (partition, uuid, context, status, fault, content_in_s3, created_at, updated_at)
       SELECT 1, randomblob(16), 1, 1, 0, 0, 0, 0 FROM n`,
    );
    expect(migrate(connection, file)).toBe(2);
    expect(hasIndexes(connection)).toBe(false);
    createIndexes(connection);
    expect(hasIndexes(connection)).toBe(true);
    connection.close();
  });
});

describe('what is read to find calls', () => {
  const file = newFile();
  beforeAll(async () => {
    const store = await openSqliteStore({ file });
    await store.calls.write(records());
    await store.close();
  });

  /** How SQLite finds the rows of `calls` that a reader asks for: a line for each statement. */
  function plansOf(use: (reader: Reader) => void): string[] {
    const connection = connect(file);
    const asked: [sql: string, values: readonly Value[]][] = [];
    const noting = (prepare: Connection['prepare']): Connection['prepare'] => {
      return (sql) => {
        const statement = prepare(sql);
        const all = (values: readonly Value[]) => (asked.push([sql, values]), statement.all(values));
        return { run: (values) => statement.run(values), all };
      };
    };
    use(
      createReader({
        exec: (sql) => connection.exec(sql),
        close: () => connection.close(),
        prepare: noting((sql) => connection.prepare(sql)),
        prepareNumbered: noting((sql) => connection.prepareNumbered(sql)),
      }),
    );
    const plans = asked
      .filter(([sql]) => /(FROM|JOIN) calls\b/.test(sql))
      .map(([sql, values]) =>
        connection
          .prepare(`EXPLAIN QUERY PLAN ${sql}`)
          .all(values)
          .map(({ detail }) => detail)
          .join('; '),
      );
    connection.close();
    return plans;
  }

  it('by a part of the uuid is an index that has no bodies', () => {
    for (const part of ['019', '2f07d3725']) {
      const plans = plansOf((reader) => void reader.find('default', part));
      expect(plans.length).toBeGreaterThan(0);
      for (const plan of plans) expect(plan).toMatch(/^S\w+ calls USING COVERING INDEX/);
    }
  });

  it('by a rare name is the index of the name, not all calls', () => {
    const plans = plansOf((reader) => void reader.list('default', { name: 'rare', limit: 100 }));
    expect(plans.join('\n')).toContain('calls_by_context');
    for (const plan of plans) expect(plan).not.toMatch(/SCAN c(alls)?\b/);
  });
});
