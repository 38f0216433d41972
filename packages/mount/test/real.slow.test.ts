import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { tempFolder } from '../../../tests/temp-folder.js';
import { listsOf } from './compared.js';
import { closeBenches, openBench } from './support.js';

afterEach(closeBenches);

const folder = tempFolder();
writeFileSync(join(folder, 'note.txt'), 'a note\n');

const server = (name: string): string =>
  join(import.meta.dirname, `../../../node_modules/@modelcontextprotocol/server-${name}/dist/index.js`);

/** What a client sees of a server: its lists, and the results of some calls. */
async function seen(client: Client, calls: readonly [string, Record<string, string | number>][]): Promise<unknown> {
  const results: unknown[] = [];
  for (const [name, args] of calls) results.push(await client.callTool({ name, arguments: args }));
  return { ...(await listsOf(client)), results };
}

describe('a public server gives through us what it gives directly', () => {
  it.each([
    [
      'everything',
      [],
      [
        ['echo', { message: 'hi' }],
        ['echo', { wrong: 1 }],
        ['get-sum', { a: 1, b: 2 }],
        ['get-tiny-image', {}],
        ['get-structured-content', { location: 'New York' }],
        ['get-annotated-message', { messageType: 'error' }],
        ['get-resource-links', { count: 2 }],
      ],
    ],
    [
      'filesystem',
      [folder],
      [
        ['list_directory', { path: folder }],
        ['read_text_file', { path: join(folder, 'note.txt') }],
        ['read_text_file', { path: '/etc/passwd' }],
      ],
    ],
    ['memory', [], [['read_graph', {}]]],
  ] as [string, string[], [string, Record<string, string | number>][]][])('%s', async (name, args, calls) => {
    const env = { PATH: process.env['PATH'] ?? '', MEMORY_FILE_PATH: join(folder, 'memory.json') };
    const capabilities = { elicitation: { form: {}, url: {} }, sampling: { tools: {}, context: {} }, roots: {} };
    const direct = new Client({ name: 'client', version: '1' }, { capabilities });
    direct.setRequestHandler('roots/list', () => ({ roots: [] }));
    await direct.connect(
      new StdioClientTransport({ command: process.execPath, args: [server(name), ...args], env, stderr: 'ignore' }),
    );
    const bench = openBench({
      mcpServers: { real: { command: process.execPath, args: [server(name), ...args], env, prefix: '' } },
    });
    const through = await bench.client({ capabilities });
    expect(await seen(through, calls)).toEqual(await seen(direct, calls));
    await direct.close();
  });
});
