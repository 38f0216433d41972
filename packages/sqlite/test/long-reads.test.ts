/** Queries that no index serves look at all records in parts, and others are served in between. */
import { join } from 'node:path';

import type { CallQuery, CallRecord } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { openSqliteStore } from '../src/index.js';
import { temporaryFolder } from './support.js';

const folder = temporaryFolder();
const RECORDS = 10_000;
const START = 1_790_000_000_000;
/** Milliseconds: records are as far apart. */
const APART = 10;
const at = (index: number): number => START + index * APART;

describe('records that were updated before or after a time', () => {
  it('are found and counted among many, page by page, while the event loop has turns', async () => {
    const store = await openSqliteStore({ file: join(folder, 'calls.db') });
    const rows = Array.from({ length: RECORDS }, (_, index) =>
      exampleRecord({ name: index % 2 === 0 ? 'even' : 'odd', created_at: at(index), updated_at: at(index) }),
    );
    await store.calls.write(rows);
    await store.calls.count('default', {}); // they are imported

    let turns = 0;
    const timer = setImmediate(function count(): void {
      turns += 1;
      next = setImmediate(count);
    });
    let next = timer;
    const none: CallQuery = { updated_at_lt: START };
    expect(await store.calls.list('default', none)).toEqual({ items: [] });
    expect(await store.calls.count('default', none)).toBe(0);
    clearImmediate(next);
    expect(turns).toBeGreaterThan(4);

    const oldest: CallQuery = { updated_at_lt: at(30), name: 'odd', limit: 10 };
    expect(await store.calls.count('default', oldest)).toBe(15);
    expect(await store.calls.count('default', oldest, 7)).toBe(7);
    const first = await store.calls.list('default', oldest);
    const second = await store.calls.list('default', {
      ...oldest,
      ...(first.cursor === undefined ? {} : { cursor: first.cursor }),
    });
    const found: CallRecord[] = [...first.items, ...second.items];
    expect([first.items.length, second.items.length, second.cursor]).toEqual([10, 5, undefined]);
    const uuids = found.map(({ mcp_function_call_uuid: uuid }) => uuid);
    expect(uuids).toEqual([...uuids].sort().reverse());
    expect(found.every(({ name, updated_at: time }) => name === 'odd' && time < at(30))).toBe(true);

    expect(await store.calls.count('default', { updated_at_gt: at(4) })).toBe(RECORDS - 5);
    await store.close();
  });
});
