/**
 * The thread that imports records: of the built package, since jest's sources have none. `THREAD_ROUNDS` makes it more or fewer kills.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { until } from '../../../tests/until.js';
import { openSqliteStore } from '../src/index.js';
import type { Child } from './support.js';
import { connect, fixtures, imported, temporaryFolder, value } from './support.js';

interface Outcome {
  written: number;
  lost: number;
  removed: number;
  said: string[];
  threads: number;
  after: number;
}

const ROUNDS = Number(process.env['THREAD_ROUNDS'] ?? 6);
const folder = temporaryFolder();
const run = fixtures({ built: true });
let count = 0;
const newFile = (): string => join(folder, `${(count += 1)}`, 'calls.db');

async function outcomeOf(child: Child): Promise<Outcome> {
  child.process.stdin?.write('go\n');
  const { code, stdout, stderr } = await child.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout.split('\n').at(-2) ?? '') as Outcome;
}

it('imports all records, and has ended when the store is closed', async () => {
  const file = newFile();
  const child = run('thread.mjs', file, '4000');
  await child.said('half');
  expect(await outcomeOf(child)).toEqual({ written: 4_000, lost: 0, removed: 0, said: [], threads: 1, after: 0 });
  expect(value(file, 'SELECT count(*) FROM calls')).toBe(4_000);
  expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
});

it('gives an old file the indexes of filters when it prunes', async () => {
  const file = newFile();
  const store = await openSqliteStore({ file });
  await imported(store);
  await store.close();
  const indexes = `SELECT count(*) FROM sqlite_schema WHERE name LIKE 'calls_by_%'`;
  const connection = connect(file);
  connection.exec('DROP INDEX calls_by_context; DROP INDEX calls_by_status');
  connection.close();
  expect(value(file, indexes)).toBe(0);
  const child = run('thread.mjs', file, '2000', 'prune');
  await child.said('half');
  expect(value(file, indexes)).toBe(0);
  expect(await outcomeOf(child)).toMatchObject({ removed: 1_900, lost: 0, said: [] });
  expect(value(file, indexes)).toBe(2);
});

it('prunes, too', async () => {
  const file = newFile();
  const child = run('thread.mjs', file, '4000', 'prune');
  await child.said('half');
  expect(await outcomeOf(child)).toMatchObject({ written: 4_000, removed: 3_900, said: [] });
  expect(value(file, 'SELECT count(*) FROM calls')).toBe(100);
});

it('another process reads at the same time, and sees every record once', async () => {
  const file = newFile();
  const child = run('thread.mjs', file, '6000');
  await child.said('half');
  const reader = await openSqliteStore({ file, busyTimeoutMs: 60_000 });
  const outcome = outcomeOf(child);
  let ended = false;
  void outcome.finally(() => (ended = true));
  let before = 0;
  for (let reads = 0; !ended || reads === 0; reads += 1) {
    const number = await reader.calls.count('default', {});
    expect(number).toBeGreaterThanOrEqual(before);
    before = number;
    const { items } = await reader.calls.list('default', { limit: 50 });
    expect(new Set(items.map((row) => row.mcp_function_call_uuid)).size).toBe(50);
    await turn();
  }
  expect(await outcome).toMatchObject({ written: 6_000, said: [] });
  expect(await reader.calls.count('default', {})).toBe(6_000);
  await reader.close();
});

it('waits for the lock of another program, and imports all records after it without another write', async () => {
  const file = newFile();
  const store = await openSqliteStore({ file });
  await imported(store);
  await store.close();
  const other = connect(file);
  other.exec('BEGIN IMMEDIATE');
  const child = run('thread.mjs', file, '4000');
  await child.said('half');
  await child.said('cannot be imported now');
  const number = other.prepare('SELECT count(*) AS number FROM calls');
  expect(number.all([])[0]?.['number']).toBe(0);
  other.exec('COMMIT');
  await until(() => number.all([])[0]?.['number'] === 2_000); // the child writes no more before "go"
  other.close();
  expect(await outcomeOf(child)).toMatchObject({ written: 4_000, lost: 0 });
});

it('continues in a new file if the database is removed, and counts the lost records', async () => {
  const file = newFile();
  const child = run('thread.mjs', file, '12000');
  await child.said('half');
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
  const { written, lost, said } = await outcomeOf(child);
  // The thread may also have imported a journal into the removed file, and removed that journal: then it is written again.
  const others = said.filter((text) => !text.includes('it is written again'));
  expect(others).toEqual([expect.stringContaining(`${lost} call records of this process are lost`)]);
  const kept = Number(value(file, 'SELECT count(*) FROM calls'));
  expect(kept + lost).toBeGreaterThanOrEqual(written);
  expect(kept).toBeLessThanOrEqual(written);
  expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
});

it(`${ROUNDS} kills under load lose no record that was said to be kept`, async () => {
  const file = newFile();
  const said = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = run('load.mjs', file);
    await child.said('done', 600);
    await sleep(150 + (round % 10) * 40); // any moment will do: the thread is at work
    child.process.kill('SIGKILL');
    const { stdout, stderr } = await child.ended;
    expect(stderr).toBe('');
    for (const line of stdout.split('\n').slice(0, -1)) if (line.startsWith('done ')) said.add(line.slice(5));
  }
  const store = await openSqliteStore({ file, busyTimeoutMs: 60_000 });
  await store.calls.interrupt();
  const completed = new Set<string>();
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await store.calls.list('default', { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
    for (const row of page.items) if (row.status === 'completed') completed.add(row.mcp_function_call_uuid);
    cursor = page.cursor;
  }
  expect(said.size).toBeGreaterThan(ROUNDS * 500);
  expect([...said].filter((uuid) => !completed.has(uuid))).toEqual([]);
  expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
  await store.close();
});
