import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { openSqliteStore } from '../src/index.js';
import { connect, fixtures, temporaryFolder, value } from './support.js';

const folder = temporaryFolder();
const run = fixtures();

it('several processes write at once: every record is there, once', async () => {
  const file = join(folder, 'many', 'calls.db');
  const children = Array.from({ length: 20 }, (_, index) => run('write.mjs', file, `p${index}`, '500'));
  for (const child of children) expect(await child.ended).toMatchObject({ code: 0, stdout: 'wrote 500\n', stderr: '' });
  const store = await openSqliteStore({ file, readonly: true });
  const expected = Array.from({ length: 500 }, (_, index) => `call ${index}`);
  for (let index = 0; index < 20; index += 1) {
    const { items, cursor } = await store.calls.list(`p${index}`, { limit: 1000 });
    expect(cursor).toBeUndefined();
    expect(items.map((row) => row.name).reverse()).toEqual(expected);
  }
  await store.close();
  expect(value(file, 'SELECT count(*) FROM mcp_function_calls')).toBe(10_000);
  expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
}, 120_000);

it('several processes may be the first', async () => {
  for (let round = 0; round < 3; round += 1) {
    const file = join(folder, `first-${round}`, 'data', 'calls.db');
    const children = Array.from({ length: 10 }, (_, index) => run('write.mjs', file, `p${index}`, '1'));
    for (const child of children) expect(await child.ended).toMatchObject({ code: 0, stdout: 'wrote 1\n', stderr: '' });
    expect(value(file, 'SELECT count(*) FROM mcp_function_calls')).toBe(10);
    expect(value(file, 'PRAGMA user_version')).toBe(1);
  }
}, 60_000);

it('a process killed while it writes loses no committed record, and what it left open is interrupted', async () => {
  const file = join(folder, 'killed', 'calls.db');
  const living = run('hold.mjs', file);
  await living.said('holds');
  let committed = 0;
  let interrupted = 0;
  for (let round = 0; round < 10; round += 1) {
    const child = run('load.mjs', file);
    await child.said('done');
    await sleep(round * 13);
    child.process.kill('SIGKILL');
    const { stdout, signal, stderr } = await child.ended;
    expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });

    const store = await openSqliteStore({ file });
    interrupted += await store.calls.interrupt();
    expect(await store.calls.interrupt()).toBe(0);
    const said = new Map<string, string>();
    let owner = '';
    for (const line of stdout.split('\n').slice(0, -1)) {
      const [word = '', text = ''] = line.split(' ');
      if (word === 'owner') owner = text;
      else said.set(text, word);
    }
    committed += said.size;
    for (const [uuid, word] of said) {
      const row = await store.calls.get('default', uuid);
      // What it had no time to say may be committed nevertheless.
      if (word === 'done' || row?.status === 'completed') expect(row?.status).toBe('completed');
      else expect(row).toMatchObject({ status: 'interrupted', notes: 'the process ended before the call did' });
    }
    expect(value(file, `SELECT count(*) FROM mcp_function_calls WHERE status = 'in_process' AND owner = '${owner}'`)).toBe(0);
    expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
    await store.close();
  }
  expect(committed).toBeGreaterThan(100);
  expect(value(file, `SELECT count(*) FROM mcp_function_calls WHERE status = 'interrupted'`)).toBe(interrupted);
  // The process that lives has its record, and alone is an owner.
  expect(value(file, `SELECT count(*) FROM mcp_function_calls WHERE status = 'in_process'`)).toBe(1);
  expect(value(file, 'SELECT count(*) FROM owners')).toBe(1);
  living.process.kill('SIGKILL');
  await living.ended;
  const store = await openSqliteStore({ file });
  expect(await store.calls.interrupt()).toBe(1);
  await store.close();
}, 120_000);

it('of several processes that look for interrupted calls at once, one finds each', async () => {
  const file = join(folder, 'found', 'calls.db');
  mkdirSync(join(folder, 'found'));
  const holders = Array.from({ length: 5 }, () => run('hold.mjs', file));
  for (const holder of holders) {
    await holder.said('holds');
    holder.process.kill('SIGKILL');
    await holder.ended;
  }
  const stores = await Promise.all(Array.from({ length: 4 }, () => openSqliteStore({ file })));
  const counts = await Promise.all(stores.map(async (store) => store.calls.interrupt()));
  expect(counts.reduce((sum, count) => sum + count)).toBe(5);
  for (const store of stores) await store.close();
});

describe('whose records are interrupted', () => {
  /** A process holds a call open; its row of `owners` is changed; how many does another interrupt? */
  async function interruptedAfter(name: string, change: string): Promise<number> {
    const file = join(folder, name, 'calls.db');
    const holder = run('hold.mjs', file);
    await holder.said('holds');
    const connection = connect(file);
    connection.exec(change);
    connection.close();
    const store = await openSqliteStore({ file });
    const count = await store.calls.interrupt();
    await store.close();
    holder.process.stdin?.end();
    await once(holder.process, 'close');
    return count;
  }
  const silent = `heartbeat = ${Date.now() - 61_000}`;

  it.each([
    [
      'not of a process that lives, however long it said nothing',
      `UPDATE owners SET ${silent}`,
      process.platform === 'linux' ? 0 : 1,
    ],
    ['not of another host that gave a sign of life', `UPDATE owners SET host = 'elsewhere', pid = 1`, 0],
    ['of another host that has said nothing for a minute', `UPDATE owners SET host = 'elsewhere', ${silent}`, 1],
    ['of a process whose pid is gone', 'UPDATE owners SET pid = 2147483646', 1],
    [
      'of a process whose pid another process has',
      `UPDATE owners SET pid = ${process.pid}`,
      process.platform === 'linux' ? 1 : 0,
    ],
    ['not where no start time is known and there is a sign of life', 'UPDATE owners SET started = NULL', 0],
    ['where no start time is known and there is none', `UPDATE owners SET started = NULL, ${silent}`, 1],
    ['of one that closed its store', 'DELETE FROM owners', 1],
  ])('%s', async (name, change, expected) => {
    expect(await interruptedAfter(name, change)).toBe(expected);
  });
});

it('a killed process that its parent has not collected is not taken for alive', async () => {
  const file = join(folder, 'zombie', 'calls.db');
  const holder = run('hold.mjs', file);
  await holder.said('holds');
  // Looked at in the same turn: Node collects its children in a later one.
  const store = await openSqliteStore({ file });
  holder.process.kill('SIGKILL');
  const until = performance.now() + 5_000;
  let count = 0;
  while (count === 0 && performance.now() < until) count = await store.calls.interrupt();
  expect(count).toBe(1);
  await store.close();
  await holder.ended;
});
