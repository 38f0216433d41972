/** Tasks whose functions run in processes of their own: new code beside them, and processes that are killed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Json } from '../interop/raw.js';
import { envelope, RawClient } from '../interop/raw.js';
import { until } from '../until.js';
import type { WorkHome } from './home.js';
import { createWorkHome } from './home.js';

const META = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

const code = (version: number): string => `
import { existsSync } from 'node:fs';
export async function work({ id, go }, context) {
  context.progress(1, 2, String(process.pid));
  while (go !== undefined && !existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 5));
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

/** @param go the file that ends the task, if it is not to end at once */
const begin = async (id: string, go?: string): Promise<string> =>
  (await send('tools/call', { name: 'work', arguments: { id, ...(go === undefined ? {} : { go }) } }))['taskId'] as string;

const get = (taskId: string): Promise<Json> => send('tasks/get', { taskId });

async function ended(taskId: string): Promise<Json> {
  let state = await get(taskId);
  await until(async () => (state = await get(taskId))['status'] !== 'working', 'the end of a task');
  return state;
}

it('a task ends on the code with which it began, while new calls run the new code', async () => {
  const go = join(home.folder, 'go');
  const old = await begin('old', go);
  await until(async () => (await get(old))['statusMessage'] !== undefined, 'its progress');
  writeFileSync(join(home.folder, 'work.mjs'), code(2));
  let text: unknown;
  await until(async () => {
    const { result } = (await ended(await begin('quick'))) as unknown as { result: { content: { text: string }[] } };
    text = result.content[0]?.text;
    return text === 'version 2';
  }, 'the new code');
  writeFileSync(go, '');
  expect(await ended(old)).toMatchObject({ status: 'completed', result: { content: [{ text: 'version 1' }] } });
});

it('a task whose process is killed has failed, and says why', async () => {
  const task = await begin('long', join(home.folder, 'never'));
  let pid = 0;
  await until(async () => (pid = Number((await get(task))['statusMessage'])) > 0, 'its process');
  process.kill(pid, 'SIGKILL');
  const state = await ended(task);
  expect(state).toMatchObject({ status: 'failed', error: { code: -32603 } });
  expect(state['statusMessage']).toMatch(/process/);
  expect(state).not.toHaveProperty('result');
  expect(await ended(await begin('quick'))).toMatchObject({ status: 'completed' });
});

it('a cancelled task ends its function', async () => {
  const task = await begin('long', join(home.folder, 'never'));
  await send('tasks/cancel', { taskId: task });
  expect(await get(task)).toMatchObject({ status: 'cancelled' });
  expect(await ended(await begin('quick'))).toMatchObject({ status: 'completed' });
});
