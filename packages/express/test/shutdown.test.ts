/** What becomes of answers that clients are still reading when the server closes. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

import { jest } from '@jest/globals';
import { createDaemon, defineCatalog, defineTool } from '@mcp-daemon/core';

import type { HttpServer } from '../src/index.js';
import { serveHttp } from '../src/index.js';
import { arrival, atEnd, passTime, until } from './support.js';

/** More than the buffers of the system take. */
const LARGE = 9_000_000;

/** A server, and a client that has begun to read the answer to a batch, and has stopped. */
async function readerOf(): Promise<{ served: HttpServer; socket: Socket }> {
  const large = defineTool({ name: 'large', run: () => 'x'.repeat(LARGE) });
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [large] }), server: { name: 't', version: '1' } });
  const served = await serveHttp(daemon, { port: 0 });
  atEnd(() => daemon.close({ drainMs: 1 }));
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const params = { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
  const opened = await fetch(`${served.url}/mcp`, {
    method: 'POST',
    headers: { ...headers, accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }),
  });
  await opened.text();
  const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'large', arguments: {} } }));
  const body = JSON.stringify(batch);
  const socket = connect(served.port, '127.0.0.1');
  atEnd(() => socket.destroy());
  const all = { ...headers, host: 'localhost', 'mcp-session-id': opened.headers.get('mcp-session-id') };
  const lines = Object.entries({ ...all, 'content-length': body.length }).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  socket.write(`POST /mcp HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  await arrival(once(socket, 'readable'), 'the beginning of the answer');
  return { served, socket };
}

/** Begins to close a server, and lets the time for last answers pass. @returns its end */
async function closeSoon(served: HttpServer, drainMs: number): Promise<{ closed: Promise<void> }> {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  const looks = (): number => timers.mock.calls.filter(([, ms]) => ms === 50).length;
  let isClosed = false;
  const closed = served.close({ drainMs }).then(() => void (isClosed = true));
  await until(() => looks() > 0, 'the end of the drain');
  passTime(2_000);
  const before = looks();
  await until(() => isClosed || looks() > before + 1, 'two more looks at the connections');
  timers.mockRestore();
  return { closed };
}

describe('a server that closes', () => {
  it('lets a slow client read the answer to a batch to its end', async () => {
    const { served, socket } = await readerOf();
    const { closed } = await closeSoon(served, 600_000);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const [head = '', text = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    const answers = JSON.parse(text) as { result: { content: { text: string }[] } }[];
    expect(answers.map(({ result }) => result.content[0]?.text.length)).toEqual([LARGE, LARGE]);
    await arrival(closed, 'the end of the server');
  });

  it('does not wait for a client that reads nothing longer than its limit', async () => {
    const { served, socket } = await readerOf();
    const { closed } = await closeSoon(served, 1);
    await arrival(closed, 'the end of the server');
    expect(socket.bytesRead).toBeLessThan(LARGE);
  });
});
