/** Fixtures from the command line: calls are exported, and served without their functions. */
import { existsSync, rmSync, statSync } from 'node:fs';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { BIN, TempFolder, toolsConfig } from '../support.js';

const temp = new TempFolder();
const data = ['--data-dir', temp.at('data')];

beforeAll(async () => {
  await temp.write('mcp.json', { ...toolsConfig('./code.mjs', 'stock', 'order'), name: 'shop', version: '2.0' });
  await temp.write(
    'code.mjs',
    `let left = 3; export const stock = () => left; export const order = ({ n }) => 'left: ' + (left -= n);`,
  );
});
afterAll(() => temp.remove());

/** What a client sent and received, in order. */
function transcriptOf(transport: StdioClientTransport): string[] {
  const messages: string[] = [];
  const send = transport.send.bind(transport);
  transport.send = (message) => {
    messages.push(`-> ${JSON.stringify(message)}`);
    return send(message);
  };
  // The client sets its own listener when it connects, and calls one that is there before.
  transport.onmessage = (message) => void messages.push(`<- ${JSON.stringify(message)}`);
  return messages;
}

/** An agent: it looks at the stock, orders until a result says that nothing is left, and looks again. */
async function agent(args: readonly string[]): Promise<{ seen: unknown[]; transcript: string[]; stderr: string }> {
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, args: [BIN, '--transport', 'stdio', ...args], cwd: temp.path, stderr: 'pipe' as const },
    env: temp.env() as Record<string, string>,
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const transcript = transcriptOf(transport);
  const client = new Client({ name: 'agent', version: '1' });
  await client.connect(transport);
  const seen: unknown[] = [client.getServerVersion(), await client.listTools()];
  seen.push(await client.callTool({ name: 'stock' }));
  for (let last = ''; !last.includes('left: 0'); last = JSON.stringify(seen.at(-1))) {
    if (seen.length > 20) throw new Error(`the agent does not come to an end: ${last}`);
    seen.push(await client.callTool({ name: 'order', arguments: { n: 1 } }));
  }
  seen.push(await client.callTool({ name: 'stock' }));
  await client.close();
  return { seen, transcript, stderr };
}

describe('a server that answers from fixtures', () => {
  it('gives an agent the same answers as the functions did, each time it is started', async () => {
    const { seen: original } = await agent(data);
    const exported = await temp.run(['calls', 'export', '--fixture', 'calls.json', ...data]);
    expect(exported).toMatchObject({ code: 0 });
    expect(exported.stderr).toContain('calls.json: 5 calls');
    expect(statSync(temp.at('calls.json')).mode & 0o777).toBe(0o600);
    rmSync(temp.at('code.mjs'));
    const alone = await agent(['--fixtures', 'calls.json']);
    const again = await agent(['--fixtures', 'calls.json']);
    expect(alone.seen.slice(1)).toEqual(original.slice(1));
    expect(again.seen).toEqual(alone.seen);
    // Byte for byte: initialize, the list, five calls and their answers.
    expect(alone.transcript).toHaveLength(15);
    expect(again.transcript).toEqual(alone.transcript);
    expect(alone.seen[0]).toEqual({ name: 'shop', version: '2.0' });
    expect((await agent(['--fixtures', 'calls.json', '--config', 'mcp.json'])).seen).toEqual(alone.seen);
    expect(existsSync(temp.at('home', '.local'))).toBe(false); // nothing is recorded
  });

  it('names the calls that were not recorded, and exits with 3', async () => {
    const messages = [
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } },
      },
      ...[2, 3].map((id) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'order', arguments: { n: 9 } } })),
    ];
    const input = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    const served = await temp.run(['serve', '--transport', 'stdio', '--fixtures', 'calls.json'], { input });
    expect(served.code).toBe(3);
    expect(served.stdout).toContain('The fixtures have no call tools/call');
    expect(served.stderr).toContain('0 calls answered from fixtures; 5 calls of the file were not made');
    expect(served.stderr).toContain('  tools/call {"name":"order","arguments":{"n":9}} (2 times, never recorded)');
    const fine = await temp.run(['serve', '--transport', 'stdio', '--fixtures', 'calls.json'], {
      input: `${input.split('\n')[0] ?? ''}\n`,
    });
    expect(fine).toMatchObject({ code: 0 });
  });

  it('does not start with a file that has mistakes, and lists them', async () => {
    const edited = JSON.parse(await temp.read('calls.json')) as { version: number; calls: Record<string, unknown>[] };
    await temp.write('edited.json', { ...edited, calls: [{ method: 'tools/call', params: { name: 'stok' } }] });
    const served = await temp.run(['--transport', 'stdio', '--fixtures', 'edited.json']);
    expect(served).toMatchObject({ code: 2, stdout: '' });
    expect(served.stderr).toContain('$.calls[0].params.name: "stok" is not in the tools of the catalog');
    expect(served.stderr).toContain('$.calls[0]: must have a "result"');
    await temp.write('other.json', { ...edited, version: 9 });
    expect((await temp.run(['--transport', 'stdio', '--fixtures', 'other.json'])).stderr).toContain(
      'this program reads version 1',
    );
    await temp.write('broken.json', '{');
    expect(await temp.run(['--transport', 'stdio', '--fixtures', 'broken.json'])).toMatchObject({ code: 2 });
    expect(await temp.run(['--transport', 'stdio', '--fixtures', 'none.json'])).toMatchObject({ code: 2 });
  });

  it('is not overwritten by another export, unless it is forced', async () => {
    const flags = ['calls', 'export', '--fixture', 'calls.json', '--name', 'stock', ...data];
    const refused = await temp.run(flags);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('--force replaces it');
    expect((await temp.run([...flags, '--force'])).stderr).toContain('calls.json: 2 calls');
    expect((await temp.run([...flags, '--status', 'failed', '--force'])).stderr).toContain('no call is left to export');
  });
});
