/** Clients that keep their session while the command is started again. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { TempFolder } from '../support.js';

const CONFIG = {
  tools: [{ name: 'hello' }],
  resources: [{ name: 'note', uri: 'x://note' }],
  module_links: [
    { name: 'hello', module_name: './functions.mjs', function_name: 'hello' },
    { type: 'resource', name: 'note', module_name: './functions.mjs', function_name: 'hello' },
  ],
};

describe('a session', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('mcp.json', CONFIG);
    await temp.write('functions.mjs', `export const hello = () => 'Hello!';`);
  });
  afterEach(() => temp.remove());

  /** Starts the command; resolves when it listens. */
  async function start(
    port: number,
    env: NodeJS.ProcessEnv = {},
  ): Promise<{ child: ChildProcessWithoutNullStreams; url: string }> {
    const args = ['mcp.json', '--transport', 'sse', '--port', String(port)];
    const child = temp.start(args, { env: { MCP_TRANSPORT: undefined, AUTH_PROVIDER: 'none', ...env } });
    let log = '';
    const url = await new Promise<string>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('close', () => reject(new Error(`it ended: ${log}`)));
    });
    return { child, url };
  }

  async function end(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): Promise<void> {
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGKILL'])(
    'goes on after the command ended by %s and was started again',
    async (signal) => {
      const first = await start(0);
      const port = Number(new URL(first.url).port);
      const reconnectionOptions = {
        initialReconnectionDelay: 20,
        maxReconnectionDelay: 50,
        reconnectionDelayGrowFactor: 1,
        maxRetries: 10_000,
      };
      const transport = new StreamableHTTPClientTransport(new URL(`${first.url}/mcp`), { reconnectionOptions });
      const client = new Client({ name: 'host', version: '1' });
      const updated = new Promise<string>((resolve) =>
        client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => resolve(params.uri)),
      );
      await client.connect(transport);
      await client.subscribeResource({ uri: 'x://note' });
      const { sessionId } = transport;
      await end(first.child, signal);

      const second = await start(port);
      expect(await updated).toBe('x://note'); // it may have missed a change, and is still subscribed
      expect(await client.callTool({ name: 'hello' })).toMatchObject({ content: [{ text: 'Hello!' }] });
      expect(transport.sessionId).toBe(sessionId);

      await transport.terminateSession();
      await end(second.child, signal);
      const third = await start(port);
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': String(sessionId),
      };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/list' });
      expect((await fetch(`${third.url}/mcp`, { method: 'POST', headers, body })).status).toBe(404);
      await client.close();
      await end(third.child, 'SIGTERM');
    },
  );

  it('ends with the command where the secret is another one', async () => {
    const first = await start(0, { MCP_STATE_SECRET: 'one' });
    const port = Number(new URL(first.url).port);
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const send = (url: string, body: object, more: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}/mcp`, {
        method: 'POST',
        headers: { ...headers, ...more, connection: 'close' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
      });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'host', version: '1' } };
    const id = (await send(first.url, { method: 'initialize', params })).headers.get('mcp-session-id');
    const list = (url: string): Promise<Response> => send(url, { method: 'tools/list' }, { 'mcp-session-id': String(id) });
    await end(first.child, 'SIGTERM');
    const other = await start(port, { MCP_STATE_SECRET: 'two' });
    expect((await list(other.url)).status).toBe(404);
    await end(other.child, 'SIGTERM');
    const same = await start(port, { MCP_STATE_SECRET: 'one' });
    expect((await list(same.url)).status).toBe(200);
    await end(same.child, 'SIGTERM');
  });
});
