import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { tempFolder } from '../../../tests/temp-folder.js';
import { closeBenches, openBench, textOf } from './support.js';

afterEach(closeBenches);

const bin = join(import.meta.dirname, '../../cli/dist/bin.js');

/** A config of our own server, and the entry that mounts it. */
function ownServer(protocol: string): { command: string; args: string[]; protocol: string; env: Record<string, string> } {
  const folder = tempFolder();
  const config = {
    tools: [
      { name: 'ask' },
      { name: 'hello', inputSchema: { type: 'object', properties: { name: { type: 'string', default: 'you' } } } },
    ],
    module_links: [
      { name: 'ask', module_name: './m.mjs', function_name: 'ask' },
      { name: 'hello', module_name: './m.mjs', function_name: 'hello' },
    ],
  };
  writeFileSync(join(folder, 'mcp.json'), JSON.stringify(config));
  writeFileSync(
    join(folder, 'm.mjs'),
    `export const hello = ({ name }) => 'Hello ' + name;
     export function ask(_, { inputs, elicit, inputRequired, protocolVersion }) {
       if (!inputs.who) return inputRequired({ who: elicit('Who?', { type: 'object', properties: { name: { type: 'string' } } }) });
       return protocolVersion + ' ' + inputs.who.content.name;
     }`,
  );
  return {
    command: process.execPath,
    args: [bin, '--transport', 'stdio', '--config', join(folder, 'mcp.json'), '--store', 'memory'],
    protocol,
    env: { MCP_DATA_DIR: folder },
  };
}

describe('our own server, mounted over stdio', () => {
  it.each([
    ['auto', '2026-07-28'],
    ['modern', '2026-07-28'],
    ['legacy', '2025-11-25'],
    ['2025-03-26', '2025-03-26'],
  ])('works with the protocol "%s"', async (protocol, version) => {
    const bench = openBench({ mcpServers: { own: ownServer(protocol) } });
    const client = await bench.client({ capabilities: { elicitation: { form: {} } } });
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
    expect(textOf(await client.callTool({ name: 'own_hello', arguments: {} }))).toBe('Hello you');
    expect(textOf(await client.callTool({ name: 'own_ask', arguments: {} }))).toBe(`${version} Ada`);
    expect(bench.daemon.stats().servers).toMatchObject([{ protocol: version, server: { name: 'mcp-daemon' } }]);
  });
});
