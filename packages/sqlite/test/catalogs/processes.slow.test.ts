/** Several processes that commit to one file at once, and processes that are killed while they do. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { HistoryEntry, Store } from '@mcp-daemon/core';

import { openSqliteStore, verifyRecords } from '../../src/index.js';
import type { Child } from '../support.js';
import { fixtures, temporaryFolder } from '../support.js';

const folder = temporaryFolder();
const run = fixtures();

/** Starts processes that commit, all at the same moment. */
async function start(file: string, rounds: number, names: readonly string[]): Promise<Child[]> {
  const children = names.map((name) => run('commit.mjs', file, 'acme', String(rounds), name));
  for (const child of children) await child.said('ready');
  for (const child of children) child.process.stdin?.write('go\n');
  return children;
}

/** The commits that a process said it made: each its parent and its id. */
const saidBy = (stdout: string): string[][] => {
  const lines = stdout.split('\n').slice(0, -1); // the last line may be half written
  return lines.filter((line) => line !== 'ready').map((line) => line.split(' '));
};

async function historyOf({ catalogs }: Store): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await catalogs?.history('acme', { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    entries.push(...(page?.items ?? []));
    cursor = page?.cursor;
  } while (cursor !== undefined);
  return entries;
}

/** Expects a history without gaps, the head at its end, and every text whole. */
async function expectWhole(store: Store): Promise<HistoryEntry[]> {
  const entries = await historyOf(store);
  expect(entries.map(({ parent }) => parent)).toEqual([...entries.slice(1).map(({ id }) => id), null]);
  expect(await store.catalogs?.head('acme')).toMatchObject({ entry: entries[0]?.id, revision: entries[0]?.revision });
  for (const { revision } of entries) expect(await store.catalogs?.text('acme', revision)).toContain('filler');
  return entries;
}

it('of four processes that commit at once exactly one wins on each parent', async () => {
  const file = join(folder, 'race.db');
  const children = await start(file, 20, ['a', 'b', 'c', 'd']);
  const said: string[][] = [];
  for (const child of children) {
    const ended = await child.ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    said.push(...saidBy(ended.stdout));
  }
  const store = await openSqliteStore({ file });
  const entries = await expectWhole(store);
  expect(entries.length).toBeGreaterThanOrEqual(20);
  expect(said.map(([, id]) => id).sort()).toEqual(entries.map(({ id }) => id).sort());
  expect(new Set(said.map(([parent]) => parent)).size).toBe(said.length);
  expect((await store.catalogs?.rows('acme'))?.modules).toHaveLength(80);
  await store.close();
  expect((await verifyRecords(file)).problems).toEqual([]);
});

it('a process that is killed in the middle of commits leaves head, history and texts whole', async () => {
  const file = join(folder, 'killed.db');
  let known = 0;
  for (let round = 0; round < 4; round += 1) {
    const children = await start(file, 0, [`x${round}`, `y${round}`]);
    await Promise.all(children.map((child) => child.said('-')));
    await sleep(20 + 37 * round); // any moment will do: the kills come at different points of a commit
    for (const child of children) child.process.kill('SIGKILL');
    const ended = await Promise.all(children.map((child) => child.ended));
    expect(ended.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL']);
    const store = await openSqliteStore({ file });
    const entries = await expectWhole(store);
    const ids = new Set(entries.map(({ id }) => id));
    for (const [, id = ''] of ended.flatMap(({ stdout }) => saidBy(stdout))) expect(ids).toContain(id);
    expect(entries.length).toBeGreaterThan(known);
    known = entries.length;
    await store.close();
  }
  expect((await verifyRecords(file)).problems).toEqual([]);
});
