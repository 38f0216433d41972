/** The official clients with interrupted connections. Other tests with them are in tests/interop. */
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { atEnd, disconnectAll, echo, gate, serve, until } from '../support.js';

const INFO = { name: 'test', version: '1' };
/** The clients log every interrupted connection, which is expected here. */
const quiet = (): void => undefined;

interface Caller {
  callTool(params: { name: string; arguments: Record<string, unknown> }, onprogress?: () => void): Promise<unknown>;
  close(): Promise<void>;
  sessionId(): string | undefined;
  terminate(): Promise<void>;
}

async function v1(url: string): Promise<Caller> {
  const client = new ClientV1(INFO);
  const transport = new HttpV1(new URL(url));
  await client.connect(transport as never);
  client.onerror = quiet;
  return {
    callTool: (params, onprogress) => client.callTool(params, undefined, onprogress && { onprogress }),
    close: () => client.close(),
    sessionId: () => transport.sessionId,
    terminate: () => transport.terminateSession(),
  };
}

async function v2(url: string): Promise<Caller> {
  const client = new ClientV2(INFO);
  const transport = new HttpV2(new URL(url));
  await client.connect(transport);
  client.onerror = quiet;
  return {
    callTool: (params, onprogress) => client.callTool(params, onprogress && { onprogress }),
    close: () => client.close(),
    sessionId: () => transport.sessionId,
    terminate: () => transport.terminateSession(),
  };
}

describe.each([
  ['SDK v1', v1],
  ['SDK v2', v2],
])('%s', (_name, connect) => {
  it('resumes a call whose connection was interrupted', async () => {
    const { tool, open } = gate();
    const served = await serve([tool]);
    const client = await connect(served.url);
    atEnd(() => client.close());
    let progress = 0;
    const answer = client.callTool({ name: 'gate', arguments: {} }, () => (progress += 1));
    await until(() => progress === 1); // the answer has become a stream
    await disconnectAll(served);
    open();
    expect(await answer).toMatchObject({ content: [{ text: 'done' }] });
  });

  it('ends its session', async () => {
    const served = await serve([echo]);
    const client = await connect(served.url);
    atEnd(() => client.close());
    expect(client.sessionId()).toMatch(/^[\x21-\x7e]{100,200}$/);
    expect(served.mcp.sessions).toBe(1);
    await client.terminate();
    expect(served.mcp.sessions).toBe(0);
    await expect(client.callTool({ name: 'echo', arguments: {} })).rejects.toThrow();
  });
});

it('a call of the modern era is cancelled when its connection closes', async () => {
  const { tool, signals } = gate();
  const served = await serve([tool]);
  const client = new ClientV2(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new HttpV2(new URL(served.url)));
  client.onerror = quiet;
  atEnd(() => client.close());
  const answer = client.callTool({ name: 'gate', arguments: {} }).catch(() => 'failed');
  await until(() => signals.length === 1);
  served.server.closeAllConnections();
  await until(() => signals[0]!.aborted);
  expect(await answer).toBe('failed');
});
