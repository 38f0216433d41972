/** The rate limit counts work: messages of a batch, and bytes. */
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpOptions, HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';

import { localAuth, logIn } from '../auth/support.js';
import { atEnd, call, echo, modern, openSession, send, stopClock } from '../support.js';

const ADMIN = { authorization: 'Bearer static' };

async function served(options: HttpOptions = {}): Promise<HttpServer> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const server = await serveHttp(daemon, { auth: await localAuth({ adminStaticToken: 'static' }), port: 0, ...options });
  atEnd(() => server.close({ drainMs: 10 }));
  return server;
}

describe('the rate limit', () => {
  it('counts a batch of n messages as n requests', async () => {
    const server = await served({ rateLimit: 600 }); // 60 at once
    stopClock();
    const session = await openSession(server, '2025-03-26', {}, ADMIN);
    const batch = (n: number): unknown => Array.from({ length: n }, (_, id) => call('echo', { text: 'x' }, id));
    expect((await send(server, { body: batch(50), headers: session })).status).toBe(200);
    expect((await send(server, { body: batch(50), headers: session })).status).toBe(200); // begins before the limit
    const refused = await send(server, { body: batch(1), headers: session });
    expect(refused).toMatchObject({ status: 429, json: { error: { message: expect.stringContaining('batches') as string } } });
    // 102 requests of 60: the user waits for the 43 that were too many.
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(4);
  });

  it('counts each 64 KB of a body as one request more, and refuses a body before it is parsed', async () => {
    const server = await served({ rateLimit: 60 }); // 6 at once
    stopClock();
    const large = modern('tools/call', { name: 'echo', arguments: { text: 'x'.repeat(2_000_000) } }, ADMIN);
    const statuses = [];
    for (let again = 0; again < 4; again += 1) statuses.push((await send(server, large)).status);
    expect(statuses).toEqual([200, 429, 429, 429]);
  });

  it('leaves other users alone', async () => {
    const server = await served({ rateLimit: 600 });
    stopClock();
    const { json } = await logIn(server.port, 'ann');
    const ann = { authorization: `Bearer ${String(json['access_token'])}` };
    const large = modern('tools/call', { name: 'echo', arguments: { text: 'x'.repeat(3_000_000) } }, ADMIN);
    for (let again = 0; again < 4; again += 1) await send(server, large);
    expect((await send(server, modern('tools/call', { name: 'echo', arguments: { text: 'x' } }, ann))).status).toBe(200);
  });

  it('is one of work, so a body may have 4 MB at most', async () => {
    const server = await served();
    const body = modern('tools/call', { name: 'echo', arguments: { text: 'x'.repeat(4_000_000) } }, ADMIN);
    expect((await send(server, body)).status).toBe(413);
  });
});
