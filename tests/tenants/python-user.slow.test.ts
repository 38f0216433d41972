/**
 * As a user of the Python engine: its tables, filled as it fills them, are served, called and recorded, with nothing set but the store.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Row } from '../../packages/aws/test/python-engine.js';
import { AT, toAttribute } from '../../packages/aws/test/python-engine.js';
import { until } from '../until.js';
import { connectV1, connectV2, post, textOf } from './people.js';
import type { Server, World } from './world.js';
import { createWorld, DYNAMO_ENGINES } from './world.js';

const demo = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'examples/demo/mcp_function_demo.mjs');
const LINK = { module_name: 'mcp_function_demo', class_name: 'MCPFunctionDemo' };
const SETTING = '20817297529829945804';

/** The catalog of the README of the Python engine, as its import writes it: keys in `data` in both of its spellings. */
async function fill({ python }: World, partition: string): Promise<void> {
  await python.putModule(partition, 'mcp_function_demo', [{ class_name: 'MCPFunctionDemo', setting_id: SETTING }]);
  await python.putSetting(partition, SETTING, { api_key: `secret of ${partition}`, limit: 5, none: null });
  await python.putFunction(partition, {
    ...{ name: 'hello', mcp_type: 'tool', description: 'Say hello', ...LINK, function_name: 'hello' },
    annotations: '{"readOnlyHint": true}',
    data: { input_schema: { type: 'object', properties: { name: { type: 'string', max_length: '20', default: 'World' } } } },
  });
  const number = { type: 'number' };
  await python.putFunction(partition, {
    ...{ name: 'add_numbers', mcp_type: 'tool', description: null, ...LINK, function_name: 'add_numbers' },
    data: { inputSchema: { type: 'object', properties: { a: number, b: number }, required: ['a', 'b'] } },
  });
  await python.putFunction(partition, {
    ...{ name: 'Server Status', mcp_type: 'resource', ...LINK, function_name: 'read_resource' },
    data: { uri: 'status://server', mime_type: 'text/plain' },
  });
  await python.putFunction(partition, {
    ...{ name: 'example-prompt', mcp_type: 'prompt', ...LINK, function_name: 'get_prompt' },
    data: { arguments: [{ name: 'arg1', description: 'about what', required: true }] },
  });
}

const CALL: Row = {
  ...{ mcp_type: { S: 'tool' }, name: { S: 'hello' }, arguments: toAttribute({ name: 'Ada', deep: [1, null, { x: 0.5 }] }) },
  ...{ status: { S: 'completed' }, notes: { NULL: true }, time_spent: { N: '1000' }, updated_by: { S: 'mcp_daemon_engine' } },
  ...{ created_at: { S: AT }, updated_at: { S: AT } },
};

/** Attributes of our own that a call's row may have. */
const OURS = ['revision', 'owner', 'server', 'client', 'traceparent', 'fault', 'bundle_digest', 'expires_at', 'content_sha256'];

describe.each(DYNAMO_ENGINES)('on %s', (engine) => {
  let world: World;
  let server: Server;

  beforeAll(async () => {
    world = await createWorld(engine);
    await world.write('mcp_function_demo.mjs', await readFile(demo, 'utf8'));
    await fill(world, 'acme');
    await fill(world, 'acme#b');
    server = await world.serve();
  });
  afterAll(() => world.remove());

  const records = (partition: string): Promise<Row[]> => world.python.rows('mcp-function_calls', partition);
  async function recordOf(partition: string, name: string): Promise<Row> {
    let found: Row | undefined;
    await until(async () => {
      found = (await records(partition)).find((row) => row['name']?.S === name && row['status']?.S !== 'in_process');
      return found !== undefined;
    }, `a record of ${name}`);
    return found!;
  }

  test('without our own table, nothing is served, and it is said what to do; then it is served without a restart', async () => {
    const { status, text } = await post({ url: server.url, partition: 'acme' }, 'tools/list');
    expect(status).toBe(200);
    expect(text).toContain('The catalog of partition \\"acme\\" could not be loaded.');
    await until(() => /The table mcp-revisions does not exist[^\n]*store init/.test(server.log()), 'the log');
    const check = await world.run('store', 'check');
    expect(check.code).not.toBe(0);
    expect(check.stdout + check.stderr).toContain('mcp-revisions');
    const made = await world.run('store', 'init');
    expect(made).toMatchObject({ code: 0 });
    expect((await world.run('store', 'check')).code).toBe(0);
  });

  test('the client of the SDK lists, calls, reads and gets, by session and without', async () => {
    const place = { url: server.url, partition: 'acme' };
    for (const connect of [connectV1, connectV2]) {
      const { client } = await connect(place);
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(['add_numbers', 'hello']);
      expect(tools[1]).toMatchObject({
        description: 'Say hello',
        annotations: { readOnlyHint: true },
        inputSchema: { type: 'object', properties: { name: { type: 'string', maxLength: 20, default: 'World' } } },
      });
      expect(textOf(await client.callTool({ name: 'hello', arguments: {} }))).toBe('Hello, World!');
      expect(textOf(await client.callTool({ name: 'hello', arguments: { name: 'x'.repeat(21) } }))).toMatch(/20/);
      expect(textOf(await client.callTool({ name: 'add_numbers', arguments: { a: 2, b: 3 } }))).toBe('5');
      const { contents } = await client.readResource({ uri: 'status://server' });
      expect(contents[0]).toMatchObject({ mimeType: 'text/plain', uri: 'status://server' });
      const { messages } = await client.getPrompt({ name: 'example-prompt', arguments: { arg1: 'tides' } });
      expect(messages[0]?.content).toMatchObject({ type: 'text', text: 'This is the example prompt, about tides.' });
      await client.close();
    }
  });

  test('calls are in mcp-function_calls as the engine would have written them', async () => {
    const row = await recordOf('acme', 'add_numbers');
    expect(row).toMatchObject({
      partition_key: { S: 'acme' },
      mcp_function_call_uuid: { S: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      mcp_type: { S: 'tool' },
      arguments: { M: { a: { N: '2' }, b: { N: '3' } } },
      content_in_s3: { BOOL: false },
      status: { S: 'completed' },
      time_spent: { N: expect.stringMatching(/^\d+(\.\d+)?$/) },
      updated_by: { S: 'admin' },
    });
    // The engine keeps the text of the first content; we keep the whole result.
    expect(row['content']).toEqual({ S: '{"content":[{"type":"text","text":"5"}]}' });
    for (const name of ['created_at', 'updated_at'])
      expect(row[name]?.S).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000$/);
    for (const each of await records('acme')) {
      const theirs = Object.keys(each).filter((name) => !OURS.includes(name) && name !== 'notes');
      expect(theirs.sort()).toEqual(
        [
          ...['partition_key', 'mcp_function_call_uuid', 'mcp_type', 'name', 'arguments', 'content', 'content_in_s3', 'status'],
          ...['time_spent', 'updated_by', 'created_at', 'updated_at'],
        ].sort(),
      );
    }
    const resource = await recordOf('acme', 'Server Status');
    expect(resource).toMatchObject({ mcp_type: { S: 'resource' }, arguments: { M: { uri: { S: 'status://server' } } } });
    expect(await recordOf('acme', 'example-prompt')).toMatchObject({ mcp_type: { S: 'prompt' } });
  });

  test('the part of a partition has its own catalog and its own records', async () => {
    const { client } = await connectV2({ url: server.url, partition: 'acme', part: 'b' });
    expect(textOf(await client.callTool({ name: 'hello', arguments: { name: 'b' } }))).toBe('Hello, b!');
    await client.close();
    expect(await recordOf('acme#b', 'hello')).toMatchObject({ arguments: { M: { name: { S: 'b' } } } });
    expect((await records('acme#b')).length).toBe(1);
  });

  test('calls of the engine are listed, with payloads from the bucket, and each odd one as it is', async () => {
    const { python } = world;
    const key = (uuid: string): Row => ({ partition_key: { S: 'old' }, mcp_function_call_uuid: { S: uuid } });
    await python.put('mcp-function_calls', { ...CALL, ...key('1234567890123456789'), content: { S: 'Hello, Ada!' } });
    await python.put('mcp-function_calls', {
      ...{ ...CALL, ...key('98765432109876543210'), content_in_s3: { BOOL: true }, content: { NULL: true } },
    });
    await python.putObject('mcp_content/98765432109876543210.json', JSON.stringify('a large result'));
    await python.put('mcp-function_calls', { ...CALL, ...key('1'), status: { S: 'initial' }, time_spent: { NULL: true } });
    const { code, stdout } = await world.run('calls', 'list', '--json', '--partition', 'old');
    expect(code).toBe(0);
    const listed = (JSON.parse(stdout) as Record<string, unknown>[]).sort((a, b) =>
      String(a['mcp_function_call_uuid']).localeCompare(String(b['mcp_function_call_uuid'])),
    );
    expect(listed.map((each) => each['status'])).toEqual(['in_process', 'completed', 'completed']);
    const shown = await world.run('calls', 'show', '98765432109876543210', '--json', '--partition', 'old');
    expect(shown.stdout).toContain('a large result');
  });

  test('rows that cannot be served are named and left out, and the others of their partition are served', async () => {
    const { python } = world;
    await fill(world, 'odd');
    const schemaOf = (data: unknown) => ({ mcp_type: 'tool', ...LINK, function_name: 'hello', data });
    await python.put('mcp-functions', { partition_key: { S: 'odd' }, name: { S: 'no function' } });
    await python.putFunction('odd', { name: 'no schema', ...schemaOf({ description: 'x' }) });
    await python.putFunction('odd', { name: 'text schema', ...schemaOf({ inputSchema: 'text' }) });
    await python.putFunction('odd', { name: 'wrong schema', ...schemaOf({ inputSchema: { type: 'object', properties: 7 } }) });
    await python.putFunction('odd', { name: 'odd type', ...schemaOf({ inputSchema: {} }), mcp_type: 'workflow' });
    await python.putFunction('odd', { name: 'no code', mcp_type: 'tool', data: { inputSchema: { type: 'object' } } });
    await python.put('mcp-modules', { partition_key: { S: 'odd' }, module_name: { S: 'broken' }, classes: { S: 'text' } });
    // One setting that nothing needs, and one that a class needs.
    for (const id of ['unused', 'needed'])
      await python.put('mcp-settings', { partition_key: { S: 'odd' }, setting_id: { S: id }, setting: { L: [] } });
    await python.putModule('odd', 'needy', [{ class_name: 'Needy', setting_id: 'needed' }]);
    await python.putFunction('odd', {
      ...{ name: 'no setting', mcp_type: 'tool', module_name: 'needy', class_name: 'Needy', function_name: 'hello' },
      data: { input_schema: { type: 'object' } },
    });
    const { client } = await connectV2({ url: server.url, partition: 'odd' });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add_numbers', 'hello']);
    expect(textOf(await client.callTool({ name: 'hello', arguments: {} }))).toBe('Hello, World!');
    await client.close();
    for (const row of ['no function', 'no schema', 'text schema', 'wrong schema', 'odd type', 'no code'])
      expect(server.log()).toMatch(new RegExp(`partition \\\\"odd\\\\": mcp-functions/${row} is left out: `));
    expect(server.log()).toMatch(/mcp-modules\/broken is left out/);
    for (const id of ['unused', 'needed']) expect(server.log()).toContain(`mcp-settings/${id} cannot be read`);
    const status = await world.run('config', 'status', '--partition', 'odd');
    expect(status.code).toBe(1);
    for (const row of ['mcp-functions/wrong schema', 'mcp-settings/unused', 'mcp-settings/needed'])
      expect(status.stdout).toContain(`unreadable ${row}`);
  });

  test('a row that has the name of another one replaces it: the key of the table does not allow two', async () => {
    const { python } = world;
    await fill(world, 'twice');
    const place = { url: server.url, partition: 'twice' };
    expect(JSON.stringify((await post(place, 'tools/list')).body)).toContain('"hello"');
    await python.putFunction('twice', {
      ...{ name: 'hello', mcp_type: 'prompt', ...LINK, function_name: 'get_prompt' },
      data: { arguments: [{ name: 'arg1' }] },
    });
    expect((await python.rows('mcp-functions', 'twice')).filter((row) => row['name']?.S === 'hello')).toHaveLength(1);
    const fresh = await world.serve();
    const { client } = await connectV1({ url: fresh.url, partition: 'twice' });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add_numbers']);
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['example-prompt', 'hello']);
    await client.close();
    expect(await fresh.stop()).toBe(0);
  });

  test('a large result is in the bucket; one that was altered or removed there is an error, and not a result', async () => {
    const { python } = world;
    const place = { url: server.url, partition: 'acme' };
    const name = 'large';
    await world.write('large.mjs', 'export class Large { make({ size }) { return "x".repeat(size); } }');
    await python.putModule('acme', 'large', [{ class_name: 'Large', setting_id: null }]);
    await python.putFunction('acme', {
      ...{ name, mcp_type: 'tool', module_name: 'large', class_name: 'Large', function_name: 'make' },
      data: { input_schema: { type: 'object', properties: { size: { type: 'integer' } } } },
    });
    const fresh = await world.serve();
    const size = 50_000;
    const answer = await post({ ...place, url: fresh.url }, 'tools/call', { name, arguments: { size } });
    expect(answer.text).toContain('x'.repeat(size));
    const row = await recordOf('acme', name);
    expect(row).toMatchObject({ content_in_s3: { BOOL: true }, arguments: { M: { size: { N: String(size) } } } });
    expect(row['content']).toBeUndefined();
    const uuid = row['mcp_function_call_uuid']?.S ?? '';
    const key = `mcp_content/${uuid}.json`;
    const stored = await python.getObject(key);
    expect(stored).toContain('x'.repeat(size));
    const show = (): ReturnType<World['run']> => world.run('calls', 'show', uuid, '--json', '--partition', 'acme');
    expect(await show()).toMatchObject({ code: 0, stdout: expect.stringContaining('x'.repeat(size)) });

    await python.putObject(key, stored.replace('xx', 'xy'));
    expect(await show()).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/content of the call .* was changed outside/),
    });
    await python.removeObject(key);
    expect(await show()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/content of the call .* is gone/) });
    // The list does not need payloads.
    const listed = await world.run('calls', 'list', '--json', '--partition', 'acme', '--name', name);
    expect(listed.stderr).not.toMatch(/gone|changed/);
    expect(listed.code).toBe(0);
    await fresh.stop();
  });
});
