/** Tasks whose functions run in processes of their own: new code beside them, and processes that are killed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Json } from '../interop/raw.js';
import { envelope, RawClient } from '../interop/raw.js';
import { until } from '../interop/sidecar.js';
import type { WorkHome } from './home.js';
import { createWorkHome } from './home.js';

const META = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

const code = (version: number): string => `
export async function work({ id }, context) {
  context.progress(1, 2, String(process.pid));
  if (id !== 'quick') await new Promise((resolve) => setTimeout(resolve, id === 'long' ? 60_000 : 2_500));
  return 'version ${version}';
}
`;

let home: WorkHome;
let client: RawClient;

beforeAll(async () => {
  home = await createWorkHome({ task: 'required', task_poll_ms: 20 }, 'process');
  writeFileSync(join(home.folder, 'work.mjs'), code(1));
  client = new RawClient(home.args().filter((arg) => arg !== '--no-watch'));
  await client.ask('server/discover', { _meta: envelope({}) });
});
afterAll(async () => {
  await client.leave();
  await home.remove();
});

async function send(method: string, params: Json): Promise<Json> {
  const answer = (await client.ask(method, { ...params, _meta: envelope(META) } as Json)) as { result?: Json; error?: Json };
  if (answer.result === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.result;
}

const begin = async (id: string): Promise<string> =>
  (await send('tools/call', { name: 'work', arguments: { id } }))['taskId'] as string;

const get = (taskId: string): Promise<Json> => send('tasks/get', { taskId });

async function ended(taskId: string): Promise<Json> {
  let state = await get(taskId);
  await until('the end of a task', async () => (state = await get(taskId))['status'] !== 'working', 60_000);
  return state;
}

it('a task ends on the code with which it began, while new calls run the new code', async () => {
  const old = await begin('old');
  await until('its progress', async () => (await get(old))['statusMessage'] !== undefined);
  writeFileSync(join(home.folder, 'work.mjs'), code(2));
  let text: unknown;
  await until(
    'the new code',
    async () => {
      const { result } = (await ended(await begin('quick'))) as unknown as { result: { content: { text: string }[] } };
      text = result.content[0]?.text;
      return text === 'version 2';
    },
    30_000,
  );
  expect(await ended(old)).toMatchObject({ status: 'completed', result: { content: [{ text: 'version 1' }] } });
});

it('a task whose process is killed has failed, and says why', async () => {
  const task = await begin('long');
  let pid = 0;
  await until('its process', async () => (pid = Number((await get(task))['statusMessage'])) > 0);
  process.kill(pid, 'SIGKILL');
  const state = await ended(task);
  expect(state).toMatchObject({ status: 'failed', error: { code: -32603 } });
  expect(state['statusMessage']).toMatch(/process/);
  expect(state).not.toHaveProperty('result');
  expect(await ended(await begin('quick'))).toMatchObject({ status: 'completed' });
});

it('a cancelled task ends its function', async () => {
  const task = await begin('long');
  await send('tasks/cancel', { taskId: task });
  expect(await get(task)).toMatchObject({ status: 'cancelled' });
  expect(await ended(await begin('quick'))).toMatchObject({ status: 'completed' });
});
