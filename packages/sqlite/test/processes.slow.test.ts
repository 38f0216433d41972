import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { until } from '../../../tests/until.js';
import { openSqliteStore } from '../src/index.js';
import { folderOf, listJournals, writerOf } from '../src/journal/folder.js';
import { frame, frameAt } from '../src/journal/frames.js';
import { fixtures, imported, temporaryFolder, value } from './support.js';

interface Change {
  /** Members of the journal's first frame. */
  header?: object;
  /** Nothing was written for a minute. */
  silent?: boolean;
  /** The journal is removed. */
  gone?: boolean;
}

const folder = temporaryFolder();
const run = fixtures();

it('several processes write at the same time: every record is stored once', async () => {
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
});

it('several processes may be the first', async () => {
  for (let round = 0; round < 3; round += 1) {
    const file = join(folder, `first-${round}`, 'data', 'calls.db');
    const children = Array.from({ length: 10 }, (_, index) => run('write.mjs', file, `p${index}`, '1'));
    for (const child of children) expect(await child.ended).toMatchObject({ code: 0, stdout: 'wrote 1\n', stderr: '' });
    expect(value(file, 'SELECT count(*) FROM mcp_function_calls')).toBe(10);
    expect(value(file, 'PRAGMA user_version')).toBe(4);
  }
});

it('a process that is killed while it writes loses no committed record, and its open records become interrupted', async () => {
  const file = join(folder, 'killed', 'calls.db');
  const living = run('hold.mjs', file);
  await living.said('holds');
  let committed = 0;
  let interrupted = 0;
  for (let round = 0; round < 10; round += 1) {
    const child = run('load.mjs', file);
    await child.said('done', 12);
    await sleep(round * 13); // any moment will do: the kills come at different points of a write
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
  // The process that lives has its record, and alone has a journal.
  expect(value(file, `SELECT count(*) FROM mcp_function_calls WHERE status = 'in_process'`)).toBe(1);
  expect(listJournals(folderOf(file))).toHaveLength(1);
  living.process.kill('SIGKILL');
  await living.ended;
  const store = await openSqliteStore({ file });
  expect(await store.calls.interrupt()).toBe(1);
  await store.close();
});

it('if several processes search for interrupted calls at the same time, each call is found once', async () => {
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

describe('the processes whose records are marked as interrupted', () => {
  /** A process holds a call open; its journal is changed; how many does another interrupt? */
  async function interruptedAfter(name: string, { header, silent = false, gone = false }: Change): Promise<number> {
    const file = join(folder, name, 'calls.db');
    const holder = run('hold.mjs', file);
    await holder.said('holds');
    const [journal] = listJournals(folderOf(file));
    const path = join(folderOf(file), journal?.name ?? '');
    const first = await openSqliteStore({ file });
    await imported(first);
    await first.close();
    if (header !== undefined) {
      const writer = writerOf(path);
      const bytes = readFileSync(path);
      const [size] = [frameAt(bytes, 0)].map((found) => (typeof found === 'string' ? 0 : found.size));
      // The file is imported: what follows its first frame does not matter any more, but its length does.
      const text = frame('J', JSON.stringify({ ...writer, ...header }));
      writeFileSync(path, Buffer.concat([Buffer.from(text), bytes.subarray(size)]));
    }
    if (silent) utimesSync(path, Date.now() / 1_000 - 61, Date.now() / 1_000 - 61);
    if (gone) {
      holder.process.kill('SIGSTOP'); // else it may write its journal again
      rmSync(path);
    }
    const store = await openSqliteStore({ file });
    const count = await store.calls.interrupt();
    await store.close();
    holder.process.kill('SIGCONT');
    holder.process.stdin?.end();
    await once(holder.process, 'close');
    return count;
  }

  it.each<[string, Change, number]>([
    ['not of a process that lives, however long it said nothing', { silent: true }, process.platform === 'linux' ? 0 : 1],
    ['not of another host that gave a sign of life', { header: { host: 'elsewhere', pid: 1 } }, 0],
    ['of another host that has said nothing for a minute', { header: { host: 'elsewhere' }, silent: true }, 1],
    ['of a process whose pid is gone', { header: { pid: 2_147_483_646 } }, 1],
    ['of a process whose pid another process has', { header: { pid: process.pid } }, process.platform === 'linux' ? 1 : 0],
    ['not where no start time is known and there is a sign of life', { header: { started: null } }, 0],
    ['where no start time is known and there is none', { header: { started: null }, silent: true }, 1],
    ['of one whose journal is gone', { gone: true }, 1],
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
  expect(await until(() => store.calls.interrupt(), 'the interrupted call')).toBe(1);
  await store.close();
  await holder.ended;
});
