/**
 * What any {@link Store} must do, as data. Run each check with your test runner.
 *
 * ```js
 * for (const check of storeContract) test(check.name, () => check.run(openEmptyStore));
 * ```
 */
import assert from 'node:assert/strict';

import { uuidv7 } from '../base/uuid.js';
import type { CallQuery, CallRecord } from '../ports/calls.js';
import { deleteChecks } from './calls-delete.js';
import { statisticsChecks } from './calls-statistics.js';
import type { ContractCheck } from './calls-support.js';
import { check, exampleRecord, readAll, same, series, throws, uuids } from './calls-support.js';

const writing: ContractCheck[] = [
  check('a record that is read equals the record that was written', async ({ calls }) => {
    const nothing = { arguments: null, content: null, notes: null, time_spent: null, fault: null, bundle_digest: null };
    const rows = [
      exampleRecord(),
      exampleRecord({
        ...nothing,
        traceparent: null,
        server: null,
        client: null,
        client_id: null,
        content_in_s3: true,
        status: 'in_process',
      }),
      exampleRecord({ time_spent: 0, mcp_type: 'prompt', name: "it's; drop table x --", notes: '', arguments: '"\\u0000"' }),
      exampleRecord({ content: JSON.stringify('😀é\u2028'.repeat(100_000)), time_spent: 86_400_000.001 }),
    ];
    await calls.write(rows);
    for (const row of rows) {
      const read = await calls.get('default', row.mcp_function_call_uuid);
      // A store may move a large result to a blob store: then it says so.
      const isMoved = read?.content_in_s3 === true && row.content !== null;
      same(read, isMoved ? { ...row, content_in_s3: true } : row);
    }
  }),

  check('get returns undefined for an unknown uuid, and for a record of another partition', async ({ calls }) => {
    const row = exampleRecord();
    await calls.write([row]);
    assert.equal(await calls.get('default', uuidv7()), undefined);
    assert.equal(await calls.get('default#b', row.mcp_function_call_uuid), undefined);
    assert.equal(await calls.get('', row.mcp_function_call_uuid), undefined);
  }),

  check('groups of any size are written completely', async ({ calls }) => {
    const sizes = [0, 1, 2, 3, 7, 8, 9, 31, 33, 64, 100, 257];
    for (const size of sizes) {
      const rows = series(size, (index) => ({ partition_key: `p${size}`, content: `{"index":${index}}` }));
      await calls.write(rows);
      same((await readAll(calls, `p${size}`, {})).flat(), rows.toReversed());
    }
  }),

  check('a group may hold rows of several partitions, callers, clients, servers, revisions and owners', async ({ calls }) => {
    const rows = series(40, (index) => ({
      partition_key: `p${index % 3}`,
      updated_by: `user ${index % 5}`,
      client: index % 4 === 0 ? null : `client/${index % 4}`,
      client_id: index % 3 === 0 ? null : `https://client.example/${index % 2}`,
      server: index % 2 === 0 ? null : `server ${index % 3}`,
      revision: `r${index % 2}`,
      owner: `owner ${index % 7}`,
    }));
    await calls.write(rows);
    for (const row of rows) same(await calls.get(row.partition_key, row.mcp_function_call_uuid), row);
  }),

  check('a row replaces the row with the same uuid, in its own partition only', async ({ calls }) => {
    const open = exampleRecord({ status: 'in_process', content: null, time_spent: null, fault: null, notes: null });
    const namesake = exampleRecord({ partition_key: 'other', mcp_function_call_uuid: open.mcp_function_call_uuid });
    await calls.write([open, namesake]);
    const changed = exampleRecord({
      ...{ mcp_function_call_uuid: open.mcp_function_call_uuid, name: 'n', mcp_type: 'resource', arguments: null },
      ...{ content: 'c', content_in_s3: true, status: 'failed', notes: 'x', time_spent: 1.5, updated_by: 'b', updated_at: 7 },
      ...{ created_at: 5, fault: 'protocol', revision: 'r2', bundle_digest: null, owner: 'o', traceparent: null },
      ...{ server: 's', client: null, client_id: null },
    });
    await calls.write([changed]);
    same(await calls.get('default', open.mcp_function_call_uuid), changed);
    same(await calls.get('other', open.mcp_function_call_uuid), namesake);
    same((await calls.list('default', {})).items, [changed]);
  }),

  check('if a group has two rows with the same uuid, the later one is kept', async ({ calls }) => {
    const first = exampleRecord({ status: 'in_process' });
    const last = { ...first, status: 'completed' as const, content: 'end' };
    await calls.write([first, exampleRecord(), last]);
    same(await calls.get('default', first.mcp_function_call_uuid), last);
    assert.equal((await calls.list('default', {})).items.length, 2);
  }),

  check('the store keeps copies, so that later changes of a row have no effect', async ({ calls }) => {
    const row = exampleRecord();
    const before = { ...row };
    await calls.write([row]);
    row.notes = 'changed by the writer';
    const read = await calls.get('default', row.mcp_function_call_uuid);
    same(read, before);
    if (read !== undefined) read.notes = 'changed by the reader';
    const [listed] = (await calls.list('default', {})).items;
    if (listed !== undefined) listed.notes = 'changed by the reader';
    same(await calls.get('default', row.mcp_function_call_uuid), before);
  }),
];

const listing: ContractCheck[] = [
  check('lists are newest first, regardless of the order of writing', async ({ calls }) => {
    const rows = series(6);
    await calls.write([3, 1, 5].map((index) => rows[index] as CallRecord));
    await calls.write([4, 0, 2].map((index) => rows[index] as CallRecord));
    const [a, b, c, d, e, f] = uuids(rows);
    same(uuids((await calls.list('default', {})).items), [f, e, d, c, b, a]);
    same((await readAll(calls, 'default', { limit: 1 })).map(uuids), [[f], [e], [d], [c], [b], [a]]);
  }),

  check('a page has 100 records or `limit`, and the last page has no cursor', async ({ calls }) => {
    await calls.write(series(201));
    const sizes = async (query: CallQuery): Promise<number[]> =>
      (await readAll(calls, 'default', query)).map((page) => page.length);
    same(await sizes({}), [100, 100, 1]);
    same(await sizes({ limit: 67 }), [67, 67, 67]);
    same(await sizes({ limit: 1000 }), [201]);
    same(await calls.list('empty', {}), { items: [] });
  }),

  check('new records do not shift the pages of a list', async ({ calls }) => {
    const rows = series(20);
    await calls.write(rows);
    const first = await calls.list('default', { limit: 8 });
    assert.ok(first.cursor !== undefined);
    // Newer by every order: a store on the tables of the Python engine sorts by `updated_at`.
    const newer = (index: number): Partial<CallRecord> => ({
      created_at: 1_790_000_002_000 + index,
      updated_at: 1_790_000_003_000 + index,
    });
    await calls.write(series(5, newer));
    const second = await calls.list('default', { limit: 12, cursor: first.cursor });
    same([...first.items, ...second.items], rows.toReversed());
    assert.equal(second.cursor, undefined);
  }),

  check('each filter narrows a list, alone, with others and across pages', async ({ calls }) => {
    const rows = series(60, (index) => ({
      name: `f${index % 2}`,
      mcp_type: (['tool', 'resource', 'prompt'] as const)[index % 3] ?? 'tool',
      status: (['completed', 'failed', 'in_process', 'timed_out'] as const)[index % 4] ?? 'completed',
      updated_by: `user ${index % 5}`,
      client: [null, 'a/1', 'a/2', 'ab/1', 'a'][index % 5] ?? null,
      server: [null, 's', 's 2'][index % 3] ?? null,
      revision: `r${Math.floor(index / 25)}`,
    }));
    await calls.write(rows);
    const at = (index: number): number => rows[index]?.updated_at ?? 0;
    const queries: [CallQuery, (row: CallRecord) => boolean][] = [
      [{ name: 'f1' }, (row) => row.name === 'f1'],
      [{ mcp_type: 'prompt' }, (row) => row.mcp_type === 'prompt'],
      [{ status: 'in_process' }, (row) => row.status === 'in_process'],
      [{ status: 'cancelled' }, () => false],
      [{ updated_at_gt: at(10) }, (row) => row.updated_at > at(10)],
      [{ updated_at_lt: at(10) }, (row) => row.updated_at < at(10)],
      [{ updated_at_gt: at(10), updated_at_lt: at(50) }, (row) => row.updated_at > at(10) && row.updated_at < at(50)],
      [{ name: 'f0', mcp_type: 'tool', status: 'completed' }, (row) => rows.indexOf(row) % 12 === 0],
      [{ updated_by: 'user 3' }, (row) => row.updated_by === 'user 3'],
      [{ server: 's' }, (row) => row.server === 's'],
      [{ revision: 'r0' }, (row) => row.revision === 'r0'],
      [{ revision: 'r' }, () => false],
      [{ revision: 'r1', status: 'failed' }, (row) => row.revision === 'r1' && row.status === 'failed'],
      [{ client: 'a/1' }, (row) => row.client === 'a/1'],
      [{ client: 'a' }, (row) => ['a/1', 'a/2', 'a'].includes(row.client ?? '')],
      [{ client: 'a%' }, () => false],
      [{ client: '' }, () => false],
      [{ client: 'ab', server: 's 2', updated_by: 'user 3' }, (row) => row.client === 'ab/1' && row.server === 's 2'],
      [{ name: 'f0', updated_at_lt: at(9) }, (row) => row.name === 'f0' && row.updated_at < at(9)],
    ];
    for (const [query, wanted] of queries) {
      const expected = rows.filter(wanted).toReversed();
      for (const limit of [4, 1000]) {
        same((await readAll(calls, 'default', { ...query, limit })).flat(), expected, JSON.stringify(query));
      }
      assert.equal(await calls.count('default', query), expected.length, JSON.stringify(query));
    }
  }),

  check('a list with `bodies: false` has no arguments and results', async ({ calls }) => {
    const row = exampleRecord();
    await calls.write([row]);
    same((await calls.list('default', { bodies: false })).items, [{ ...row, arguments: null, content: null }]);
    same((await calls.list('default', { bodies: true })).items, [row]);
    same(await calls.get('default', row.mcp_function_call_uuid), row);
  }),

  check('count returns how many records match, up to a maximum', async ({ calls }) => {
    assert.equal(await calls.count('default', {}), 0);
    await calls.write([...series(120), ...series(3, () => ({ partition_key: 'other', name: 'rare' }))]);
    assert.equal(await calls.count('default', {}), 120);
    assert.equal(await calls.count('default', { limit: 7 }), 120);
    assert.equal(await calls.count('default', {}, 50), 50);
    assert.equal(await calls.count('default', { name: 'rare' }), 0);
    assert.equal(await calls.count('other', { name: 'rare' }), 3);
  }),

  check('find returns uuids by their beginning or their end, in one partition', async ({ calls }) => {
    const rows = series(30);
    const [first, second, third] = rows.map((row) => row.mcp_function_call_uuid) as [string, string, string];
    await calls.write([...rows, exampleRecord({ partition_key: 'other' })]);
    for (const length of [8, 12, 13, 20, 36]) same(await calls.find('default', second.slice(-length)), [second]);
    for (const length of [18, 19, 24, 35, 36]) {
      const expected = uuids(rows).filter((uuid) => uuid.startsWith(second.slice(0, length)));
      same(await calls.find('default', second.slice(0, length), 100), expected.reverse());
    }
    same(await calls.find('default', third.toUpperCase()), [third]);
    same(await calls.find('default', '0', 3), uuids(rows).reverse().slice(0, 3));
    same(await calls.find('other', first), []);
    for (const part of ['zz', '%', '_', "'", '--', `${first}0`]) same(await calls.find('default', part), []);
  }),

  check('a cursor that is not from a list is refused', async ({ calls }) => {
    await calls.write(series(3));
    for (const cursor of ['', 'x', '!', 'bm9uc2Vuc2U', '{}', 'e30', 'MTc5MA', 'LjE']) {
      await throws('invalid_cursor', () => calls.list('default', { cursor }));
    }
  }),

  check('a limit is a whole number from 1 to 1000', async ({ calls }) => {
    for (const limit of [0, -1, 1.5, 1001, NaN]) await throws('invalid_params', () => calls.list('default', { limit }));
  }),
];

const keeping: ContractCheck[] = [
  check('interrupt marks open records of ended processes once, and no other records', async ({ calls, owner }) => {
    const mine = exampleRecord({ status: 'in_process', owner, notes: null });
    const settled = exampleRecord({ owner: uuidv7(), updated_at: 1_000 });
    const left = series(3, (index) => ({
      ...{ status: 'in_process', notes: null, time_spent: null, owner: uuidv7(), partition_key: `p${index}` },
      ...{ created_at: 1_000, updated_at: 1_000 },
    }));
    assert.equal(await calls.interrupt(), 0);
    await calls.write([mine, settled, ...left]);
    const began = Date.now();
    assert.equal(await calls.interrupt(), 3);
    for (const row of left) {
      const read = await calls.get(row.partition_key, row.mcp_function_call_uuid);
      assert.ok(read !== undefined && read.updated_at >= began - 1_000);
      const notes = 'the process ended before the call did';
      same(read, { ...row, status: 'interrupted', notes, updated_at: read.updated_at });
    }
    same(await calls.get('default', mine.mcp_function_call_uuid), mine);
    same(await calls.get('default', settled.mcp_function_call_uuid), settled);
    assert.equal(await calls.interrupt(), 0);
  }),

  check('prune removes settled records of one partition, by age and by count', async ({ calls }) => {
    const rows = series(1_300, (index) => (index % 100 === 0 ? { status: 'in_process' } : {}));
    const other = series(3, () => ({ partition_key: 'other' }));
    await calls.write([...rows, ...other]);
    const kept = async (): Promise<CallRecord[]> => (await readAll(calls, 'default', { limit: 1000 })).flat().reverse();
    const isOpen = (row: CallRecord): boolean => row.status === 'in_process';
    assert.equal(await calls.prune('default', {}), 0);
    assert.equal(await calls.prune('nobody', { count: 0 }), 0);

    const before = rows[1_150]?.created_at ?? 0;
    assert.equal(await calls.prune('default', { before }), 1_150 - 12);
    same(
      await kept(),
      rows.filter((row, index) => index >= 1_150 || isOpen(row)),
    );

    assert.equal(await calls.prune('default', { count: 100 }), 49);
    const settled = rows.filter((row) => !isOpen(row)).slice(-100);
    same(
      await kept(),
      rows.filter((row) => isOpen(row) || settled.includes(row)),
    );

    assert.equal(await calls.prune('default', { before, count: 1_000 }), 0);
    assert.equal(await calls.prune('default', { count: 0 }), 100);
    same(await kept(), rows.filter(isOpen));
    assert.equal((await calls.list('other', {})).items.length, 3);
  }),

  check('shrink removes the oldest settled records of all partitions, if the store knows its size', async ({ calls }) => {
    if (calls.shrink === undefined) return;
    const content = JSON.stringify('x'.repeat(20_000));
    const rows = series(60, (index) => ({
      partition_key: `p${index % 3}`,
      content,
      status: index === 1 ? ('in_process' as const) : ('completed' as const),
    }));
    await calls.write(rows);
    assert.equal(await calls.shrink(1_000_000_000), 0);
    const removed = await calls.shrink(900_000);
    assert.ok(removed > 10 && removed < 59, `${removed} of 60 records were removed`);
    const left: string[] = [];
    for (const partition of ['p0', 'p1', 'p2']) left.push(...uuids((await calls.list(partition, {})).items));
    const isOldest = (uuid: string, index: number): boolean => index === 1 || index > removed || !left.includes(uuid);
    assert.deepEqual(
      uuids(rows).filter((uuid, index) => !isOldest(uuid, index)),
      [],
    );
    assert.equal(left.length, 60 - removed);
    assert.ok(left.includes(rows[1]?.mcp_function_call_uuid ?? ''), 'an open record stays');
    assert.equal(await calls.shrink(0), 59 - removed);
  }),

  check(
    'lastPrune returns when records were pruned and about how many were added since, if the store supports it',
    async ({ calls }) => {
      if (calls.lastPrune === undefined || calls.pruned === undefined) return;
      await calls.write(series(10));
      assert.equal(await calls.lastPrune(), undefined);
      await calls.pruned(1_790_000_000_000);
      same(await calls.lastPrune(), { at: 1_790_000_000_000, added: 0 });
      await calls.write(series(25));
      same(await calls.lastPrune(), { at: 1_790_000_000_000, added: 25 });
      await calls.pruned(1_790_000_000_001);
      same(await calls.lastPrune(), { at: 1_790_000_000_001, added: 0 });
    },
  ),

  check('close may be called twice, and later calls of other methods are refused', async (store) => {
    await store.calls.write([exampleRecord()]);
    await store.close();
    await store.close();
    await throws('closed', () => store.calls.write([exampleRecord()]));
    await throws('closed', () => store.calls.get('default', 'x'));
    await throws('closed', () => store.calls.list('default', {}));
    await throws('closed', () => store.calls.count('default', {}));
    await throws('closed', () => store.calls.find('default', 'x'));
    await throws('closed', () => store.calls.interrupt());
    await throws('closed', () => store.calls.prune('default', {}));
  }),

  check('a store has a name, and its own owner id', async (store) => {
    assert.match(store.name, /^[a-z][a-z0-9-]*$/);
    assert.ok(store.owner.length > 0);
  }),
];

/** All checks of a {@link Store}. */
export const storeContract: readonly ContractCheck[] = [...writing, ...listing, ...statisticsChecks, ...keeping, ...deleteChecks];
