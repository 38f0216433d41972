/** Several processes that change the entries of one file at once, and processes that are killed while they do. */
import { join } from 'node:path';

import { openSqliteStore, verifyRecords } from '../../src/index.js';
import type { Child } from '../support.js';
import { fixtures, temporaryFolder } from '../support.js';

const folder = temporaryFolder();
const run = fixtures();

/** Starts processes, all at the same moment. */
async function start(file: string, rounds: number, names: readonly string[]): Promise<Child[]> {
  const children = names.map((name) => run('state.mjs', file, String(rounds), name));
  for (const child of children) await child.said('ready');
  for (const child of children) child.process.stdin?.write('go\n');
  return children;
}

const numbersOf = (stdout: string, word: string): string[] =>
  [...stdout.matchAll(new RegExp(`^${word} (\\d+)\n`, 'gm'))].map(([, number = '']) => number);

it('of three processes that create the same entries exactly one wins each, and no change of a counter is lost', async () => {
  const file = join(folder, 'race.db');
  const names = ['a', 'b', 'c'];
  const children = await start(file, 100, names);
  const store = await openSqliteStore({ file });
  const winners = new Map<string, string>();
  for (const [index, child] of children.entries()) {
    const ended = await child.ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    for (const round of numbersOf(ended.stdout, 'won')) {
      expect(winners.has(round)).toBe(false);
      winners.set(round, names[index] ?? '');
    }
  }
  expect(winners.size).toBe(100);
  for (const [round, name] of winners) expect((await store.state?.get('acme', `race/${round}`))?.value).toBe(name);
  expect((await store.state?.get('acme', 'count'))?.value).toBe('300');
  await store.close();
  expect(await verifyRecords(file)).toMatchObject({ problems: [], entries: 101 });
});

it('a process that is killed keeps every entry whose put has returned', async () => {
  const file = join(folder, 'killed.db');
  for (let round = 0; round < 3; round += 1) {
    const names = [`x${round}`, `y${round}`];
    const children = await start(file, 0, names);
    await Promise.all(children.map((child) => child.said('put', 40)));
    for (const child of children) child.process.kill('SIGKILL');
    const ended = await Promise.all(children.map((child) => child.ended));
    const store = await openSqliteStore({ file });
    for (const [index, { signal, stdout }] of ended.entries()) {
      expect(signal).toBe('SIGKILL');
      const said = numbersOf(stdout, 'put');
      expect(said.length).toBeGreaterThanOrEqual(40);
      for (const number of said)
        expect((await store.state?.get('acme', `own/${names[index]}/${number}`))?.value).toBe(`value ${number}`);
    }
    await store.close();
  }
  expect((await verifyRecords(file)).problems).toEqual([]);
});
