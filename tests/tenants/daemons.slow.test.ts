/** Several daemons and commands on one store: what one changes, all serve, and their clients are told. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from '../until.js';
import type { Watching } from './people.js';
import { connectV1, connectV2, post, textOf } from './people.js';
import type { Server, World } from './world.js';
import { ALL_ENGINES, createWorld } from './world.js';

const CODE = 'export function say({ text }) { return `said: ${text}`; }\n';
/** A config with these tools. */
const config = (...names: string[]): object => ({
  tools: names.map((name) => ({
    ...{ name, description: `Says what it is told, as ${name}` },
    inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  })),
  module_links: names.map((name) => ({ type: 'tool', name, module_name: 'say', function_name: 'say' })),
  modules: [{ module_name: 'say' }],
});
const named = (result: { tools: { name: string }[] }): string[] => result.tools.map(({ name }) => name);
const importer = join(dirname(fileURLToPath(import.meta.url)), 'importer.mjs');
/** What the clients of both versions have in common. */
interface ToolClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}
describe.each(ALL_ENGINES)('on %s', (engine) => {
  let world: World;
  let first: Server;
  let second: Server;

  beforeAll(async () => {
    world = await createWorld(engine);
    await world.write('say.mjs', CODE);
    // The store alone is served where there is no config file: with SQLite that takes the name of a partition.
    if (engine === 'SQLite') await world.write('mcp.json', config('of_the_file'));
    else expect(await world.run('store', 'init')).toMatchObject({ code: 0 });
    await world.write('acme.json', config('one'));
    expect(await world.run('config', 'apply', 'acme.json', '--partition', 'acme', '--yes')).toMatchObject({ code: 0 });
    first = await world.serve();
    second = await world.serve();
  });
  afterAll(() => world.remove());

  test('an import is served by both, and their clients are told', async () => {
    const places = [first, second].map(({ url }) => ({ url, partition: 'acme' }));
    const connected = [...(await Promise.all(places.map(connectV1))), ...(await Promise.all(places.map(connectV2)))];
    const clients: Watching<ToolClient>[] = connected;
    for (const { client } of clients) expect(named(await client.listTools())).toEqual(['one']);

    await world.write('acme.json', config('one', 'two'));
    const applied = await world.run('config', 'apply', 'acme.json', '--partition', 'acme', '--yes');
    expect(applied).toMatchObject({ code: 0 });
    await until(() => clients.every(({ changes }) => changes() > 0), 'all clients are told');
    for (const { client } of clients) {
      expect(named(await client.listTools())).toEqual(['one', 'two']);
    }
    for (const { client } of clients) {
      expect(textOf(await client.callTool({ name: 'two', arguments: { text: 'hi' } }))).toBe('said: hi');
      await client.close();
    }
    for (const { changes } of clients) expect(changes()).toBe(1);
  });

  test('a call names the revision that served it, and a rollback serves the old one', async () => {
    const history = await world.run('config', 'history', '--partition', 'acme', '--json');
    const [newest, oldest] = JSON.parse(history.stdout) as { revision: string }[];
    expect((await world.run('calls', 'list', '--json', '--partition', 'acme', '--name', 'two')).stdout).toContain(
      newest!.revision,
    );
    const back = await world.run('config', 'rollback', oldest!.revision, '--partition', 'acme', '--yes');
    expect(back).toMatchObject({ code: 0 });
    for (const { url } of [first, second])
      await until(async () => !(await post({ url, partition: 'acme' }, 'tools/list')).text.includes('"two"'), 'the old revision');
    const { body } = await post({ url: second.url, partition: 'acme' }, 'tools/call', { name: 'two', arguments: { text: 'x' } });
    expect(body).toMatchObject({ error: { code: -32602 } });
  });

  test('a partition that is new is served without a restart, though it was asked for before', async () => {
    const place = { url: second.url, partition: 'fresh' };
    expect((await post(place, 'tools/list')).text).not.toContain('"one"');
    await world.write('fresh.json', config('one'));
    expect(await world.run('config', 'apply', 'fresh.json', '--partition', 'fresh', '--yes')).toMatchObject({ code: 0 });
    await until(async () => (await post(place, 'tools/list')).text.includes('"one"'), 'the new partition');
  });

  test('odd names of partitions are refused with what is allowed', async () => {
    const { url } = first;
    for (const partition of ['a%20b', 'a.b', 'a%00b', 'ä', 'a%23b', 'a+b', '%F0%9F%98%80', "a'b", 'x'.repeat(3_000)]) {
      const { status, text } = await post({ url, partition }, 'tools/list');
      expect([partition, status]).toEqual([partition, 400]);
      expect(text).not.toMatch(/said|stack|Error:/);
    }
    for (const part of ['', 'a b', '#', 'b#c', 'ä'.normalize('NFC'), '../b', 'x'.repeat(3_000)]) {
      const { status } = await post({ url, partition: 'acme', part: encodeURI(part) }, 'tools/list');
      expect([part.slice(0, 9), status]).toEqual([part.slice(0, 9), 400]);
    }
  });

  test('a partition that is not there looks to a user like one that is not granted; an admin is told', async () => {
    const { url } = first;
    const added = await world.runWith('a-password-of-ann-1\n', 'users', 'add', 'ann', '--partition', 'fresh', '--password-stdin');
    expect(added).toMatchObject({ code: 0 });
    const token = (await world.run('tokens', 'create', 'ann')).stdout.trim();
    await until(async () => (await post({ url, partition: 'fresh', token }, 'tools/list')).status === 200, 'the token');

    const refused = await post({ url, partition: 'acme', token }, 'tools/list');
    expect(refused).toMatchObject({ status: 403, body: { error: { message: 'The token does not grant this partition.' } } });
    expect(await post({ url, partition: 'not_there', token }, 'tools/list')).toEqual(refused);
    expect(await post({ url, partition: 'fresh', part: 'b', token }, 'tools/list')).toEqual(refused);
    const told = await post({ url, partition: 'not_there' }, 'tools/list');
    expect(told).toMatchObject({ status: 400, body: { error: { message: 'There is no partition "not_there".' } } });
  });

  test('of 100 imports at once one is made, whole, and 99 say that it came first', async () => {
    await world.write('many.json', config('one'));
    const apply = (...more: string[]) => world.run('config', 'apply', 'many.json', '--partition', 'many', '--yes', ...more);
    expect(await apply()).toMatchObject({ code: 0 });
    const historyOf = async (): Promise<{ revision: string }[]> =>
      JSON.parse((await world.run('config', 'history', '--partition', 'many', '--json')).stdout) as { revision: string }[];
    expect(await historyOf()).toHaveLength(1);

    const ends = (await race(world, 'many', 4, 25)).flat();
    expect(ends).toHaveLength(100);
    expect(ends.filter((end) => end === 'applied')).toHaveLength(1);
    expect(ends.filter((end) => end === 'conflict')).toHaveLength(99);
    const winner = ends.indexOf('applied');
    expect(await historyOf()).toHaveLength(2);

    const names = [`first_${winner}`, `second_${winner}`];
    for (const { url } of [first, second]) {
      const { client } = await connectV1({ url, partition: 'many' });
      expect(named(await client.listTools())).toEqual(names);
      await client.close();
    }
    const exported = JSON.parse((await world.run('config', 'export', '--partition', 'many', '--with-settings')).stdout) as {
      modules: { setting: unknown }[];
    };
    expect(exported.modules[0]?.setting).toEqual({ number: winner });
    expect(await world.run('config', 'status', '--partition', 'many', '--json')).toMatchObject({ code: 0 });
    if (engine === 'SQLite') return;
    const rows = await world.python.rows('mcp-functions', 'many');
    expect(rows.map((row) => row['name']?.S)).toEqual(names);
  });
});

/** Runs importers, and starts them all once they have planned. @returns how each import ended, in the order of their numbers */
async function race(world: World, partition: string, processes: number, each: number): Promise<string[][]> {
  const store =
    world.engine === 'SQLite'
      ? { file: join(world.env['MCP_DATA_DIR']!, 'mcp-daemon.db') }
      : { endpoint: world.endpoints.dynamo };
  const importers = Array.from({ length: processes }, (_, index) => {
    const task = JSON.stringify({ store, partition, from: index * each, count: each });
    const child = spawn(process.execPath, [importer, task], { env: world.env, stdio: ['pipe', 'pipe', 'ignore'] });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (printed += text));
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return { child, ended, lines: () => printed.split('\n') };
  });
  await until(() => importers.every(({ lines }) => lines()[0] === 'ready'), 'all importers');
  for (const { child } of importers) child.stdin.end('go\n');
  await Promise.all(importers.map(({ ended }) => ended));
  return importers.map(({ lines }) => JSON.parse(lines()[1]!) as string[]);
}
