/**
 * As a user of the Python engine whose functions are in Python: the rows that the engine wrote, and the bundle that it loads, zipped
 * with Python's own shutil, are served, called and recorded. Nothing is set but the store and the bucket.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Row } from '../../packages/aws/test/python-engine.js';
import { until } from '../until.js';
import { connectV1, connectV2, post, textOf } from './people.js';
import type { Server, World } from './world.js';
import { ADMIN, createWorld, DYNAMO_ENGINES } from './world.js';

const examples = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'examples/python');
const LINK = { module_name: 'mcp_function_demo', class_name: 'MCPFunctionDemo' };
const SETTING = '20817297529829945804';

/** Zips the package as its author does. */
async function zipped(folder: string): Promise<Buffer> {
  const code = `import shutil, sys; shutil.make_archive(sys.argv[1], "zip", root_dir=sys.argv[2], base_dir="mcp_function_demo")`;
  await promisify(execFile)('python3', ['-c', code, join(folder, 'mcp_function_demo'), examples]);
  return readFile(join(folder, 'mcp_function_demo.zip'));
}

/** The rows of the sample, as the engine's import writes them: the source is empty, and no row names a language. */
async function fill({ python }: World, partition: string): Promise<void> {
  await python.putModule(partition, 'mcp_function_demo', [{ class_name: 'MCPFunctionDemo', setting_id: SETTING }]);
  await python.putSetting(partition, SETTING, { api_key: `secret of ${partition}`, limit: 5, none: null });
  await python.putFunction(partition, {
    ...{ name: 'hello', mcp_type: 'tool', description: 'Say hello', ...LINK, function_name: 'hello', return_type: 'text' },
    data: { input_schema: { type: 'object', properties: { name: { type: 'string', default: 'World' } } } },
  });
  const number = { type: 'number' };
  await python.putFunction(partition, {
    ...{ name: 'add_numbers', mcp_type: 'tool', ...LINK, function_name: 'add_numbers', return_type: 'text' },
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

describe.each(DYNAMO_ENGINES)('on %s', (engine) => {
  let world: World;
  let server: Server;

  beforeAll(async () => {
    world = await createWorld(engine);
    await fill(world, 'acme');
    await fill(world, 'acme#b');
    await world.python.putObject('mcp_function_demo.zip', await zipped(world.folder));
    expect(await world.run('store', 'init')).toMatchObject({ code: 0 });
    server = await world.serve();
  });
  afterAll(() => world.remove());

  async function recordOf(partition: string, name: string): Promise<Row> {
    let found: Row | undefined;
    await until(async () => {
      const rows = await world.python.rows('mcp-function_calls', partition);
      found = rows.find((row) => row['name']?.S === name && row['status']?.S !== 'in_process');
      return found !== undefined;
    }, `a record of ${name}`);
    return found as Row;
  }

  test('clients of both kinds list, call, read and get over HTTP', async () => {
    for (const connect of [connectV1, connectV2]) {
      const { client } = await connect({ url: server.url, partition: 'acme' });
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['add_numbers', 'hello']);
      expect(textOf(await client.callTool({ name: 'hello', arguments: {} }))).toBe('Hello, World!');
      expect(textOf(await client.callTool({ name: 'add_numbers', arguments: { a: 2, b: 3 } }))).toBe('5.0');
      const { contents } = await client.readResource({ uri: 'status://server' });
      expect(contents[0]).toMatchObject({ mimeType: 'text/plain', text: 'The server is up.' });
      const { messages } = await client.getPrompt({ name: 'example-prompt', arguments: { arg1: 'tides' } });
      expect(messages[0]?.content).toMatchObject({ text: 'This is the prompt example-prompt, about tides.' });
      await client.close();
    }
  });

  test('its logger writes to the log of the server, with the tenant', async () => {
    const { client } = await connectV2({ url: server.url, partition: 'acme', part: 'b' });
    expect(textOf(await client.callTool({ name: 'hello', arguments: { name: 'Ada' } }))).toBe('Hello, Ada!');
    await client.close();
    await until(() => server.log().includes('greeting Ada for acme'), 'the line of the log');
  });

  test('the record has the fields of the engine', async () => {
    expect(await recordOf('acme', 'add_numbers')).toMatchObject({
      partition_key: { S: 'acme' },
      mcp_function_call_uuid: { S: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      mcp_type: { S: 'tool' },
      arguments: { M: { a: { N: '2' }, b: { N: '3' } } },
      content: { S: '{"content":[{"type":"text","text":"5.0"}]}' },
      content_in_s3: { BOOL: false },
      status: { S: 'completed' },
      time_spent: { N: expect.stringMatching(/^\d+(\.\d+)?$/) },
      updated_by: { S: 'admin' },
      bundle_digest: { S: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(await recordOf('acme', 'Server Status')).toMatchObject({ mcp_type: { S: 'resource' } });
    expect(await recordOf('acme', 'example-prompt')).toMatchObject({ mcp_type: { S: 'prompt' } });
  });

  test('the same partition is served over stdio', async () => {
    const lines = [
      {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/list' },
      { id: 3, method: 'tools/call', params: { name: 'add_numbers', arguments: { a: 1, b: 2 } } },
    ].map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const { code, stdout } = await world.runWith(lines.join(''), '--transport', 'stdio', '--partition', 'acme');
    expect(code).toBe(0);
    const answers = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: number; result: Record<string, unknown> })
        .map(({ id, result }) => [id, result]),
    );
    expect((answers.get(2)?.['tools'] as { name: string }[]).map(({ name }) => name)).toEqual(['add_numbers', 'hello']);
    expect(answers.get(3)).toMatchObject({ content: [{ type: 'text', text: '3.0' }] });
  });

  test('a bundle that carries its config in its code is pushed and served, from a shell and by GraphQL', async () => {
    const pushed = await world.run('bundle', 'push', 'mcp_function_demo.zip', '--partition', 'pushed', '--yes');
    expect(pushed).toMatchObject({ code: 0 });
    const query = `mutation { loadMcpConfiguration(packageName: "mcp_function_demo", moduleName: "mcp_function_demo", source: "s3") { ok message } }`;
    const response = await fetch(`${server.url}/loaded/mcp_core_graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    expect(await response.json()).toMatchObject({ data: { loadMcpConfiguration: { ok: true } } });
    for (const partition of ['pushed', 'loaded']) {
      await until(async () => (await post({ url: server.url, partition }, 'server/discover')).status === 200, 'the partition');
      const { client } = await connectV2({ url: server.url, partition });
      expect((await client.listTools()).tools.map(({ name }) => name).sort()).toEqual(['add_numbers', 'hello']);
      expect(textOf(await client.callTool({ name: 'add_numbers', arguments: { a: 2, b: 3 } }))).toBe('5.0');
      await client.close();
    }
  });
});
