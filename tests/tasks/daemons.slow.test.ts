/** Tasks of a daemon, seen from another one on the same store: while it runs, and after it was killed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { until } from '../until.js';
import type { HttpDaemon, Result, SharedStore } from './daemons.js';
import { openShared, STORES } from './daemons.js';
import type { WorkHome } from './home.js';
import { createWorkHome } from './home.js';

const begin = async (daemon: HttpDaemon, id: string, more: Result = {}): Promise<string> =>
  (await daemon.send('tools/call', { name: 'work', arguments: { id, ...more } }))['taskId'] as string;

const get = (daemon: HttpDaemon, taskId: string): Promise<Result> => daemon.send('tasks/get', { taskId });

async function ended(daemon: HttpDaemon, taskId: string): Promise<Result> {
  let state: Result = {};
  const isOpen = async (): Promise<boolean> =>
    ['working', 'input_required'].includes((state = await get(daemon, taskId))['status'] as string);
  await until(async () => !(await isOpen()), 'the end of a task');
  return state;
}

describe.each(STORES)('two daemons on one store: %s', (kind) => {
  let home: WorkHome;
  let store: SharedStore;
  let one: HttpDaemon;
  let two: HttpDaemon;

  beforeAll(async () => {
    home = await createWorkHome();
    store = await openShared(kind, home.dataDir);
    [one, two] = await Promise.all([store.serve(home.config), store.serve(home.config)]);
  });
  afterAll(async () => {
    await store.end();
    await home.remove();
  });

  it('a task of one is read, answered and followed through the other', async () => {
    const taskId = await begin(one, 'asks', { asks: true });
    const told = await two.listen([taskId]);
    const state = await get(two, taskId);
    expect(state).toMatchObject({ status: 'input_required', inputRequests: { '1-sure': {} } });
    expect(home.effects()).not.toContain('asks');
    await two.send('tasks/update', { taskId, inputResponses: { '1-sure': { action: 'accept' } } });
    const end = { status: 'completed', result: { content: [{ text: 'worked on asks' }] } };
    expect(await ended(two, taskId)).toMatchObject(end);
    expect(await get(one, taskId)).toMatchObject(end);
    await until(() => told.at(-1)?.['status'] === 'completed', 'the last notification');
    expect(told[0]).toMatchObject({ taskId, status: 'input_required' });
    expect(told.at(-1)).toMatchObject(end);
    expect(home.effects().filter((id) => id === 'asks')).toHaveLength(1);
  });

  it('a task of one is cancelled through the other', async () => {
    const taskId = await begin(one, 'cancelled', { ms: 60_000 });
    await two.send('tasks/cancel', { taskId });
    for (const daemon of [two, one]) expect(await get(daemon, taskId)).toMatchObject({ status: 'cancelled' });
  });

  it('a task ends on the code with which it began, whoever asks, while new calls run the new code', async () => {
    const go = join(home.folder, 'go');
    const old = await begin(one, 'old', { go });
    const file = join(home.folder, 'work.mjs');
    writeFileSync(file, readFileSync(file, 'utf8').replace('worked on', 'newly worked on'));
    const config = JSON.parse(readFileSync(home.config, 'utf8')) as { tools: Result[] };
    (config.tools[0] as Result)['description'] = 'Edited.';
    writeFileSync(home.config, JSON.stringify(config));
    const isNew = async (): Promise<boolean> =>
      JSON.stringify(await ended(two, await begin(one, 'new'))).includes('newly worked on');
    await until(isNew, 'the new code');
    writeFileSync(go, '');
    expect(await ended(two, old)).toMatchObject({ status: 'completed', result: { content: [{ text: 'worked on old' }] } });
  });

  it('a task of a daemon that is killed has failed, says why, and stays so', async () => {
    const third = await store.serve(home.config);
    const [asked, open] = [await begin(third, 'killed-asks', { asks: true }), await begin(third, 'killed', { ms: 60_000 })];
    const told = await two.listen([open]);
    await until(() => home.effects().includes('killed'), 'its effect');
    await third.kill();
    for (const taskId of [open, asked]) {
      const state = await ended(two, taskId);
      expect(state).toMatchObject({ status: 'failed', error: { code: -32603 } });
      expect(state['statusMessage']).toBe('The process that ran this task has ended before the task did.');
      expect(await get(one, taskId)).toMatchObject({ status: 'failed' });
    }
    await until(() => told.at(-1)?.['status'] === 'failed', 'its notification');
    const late = { taskId: asked, inputResponses: { '1-sure': { action: 'accept' } } };
    expect(await two.send('tasks/update', late)).toMatchObject({ resultType: 'complete' });
    expect(await get(two, asked)).toMatchObject({ status: 'failed' });
    expect(home.effects().filter((id) => id.startsWith('killed'))).toEqual(['killed']);
  });
});
