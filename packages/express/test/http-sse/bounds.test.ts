/** The HTTP+SSE transport: refused requests, limits and shutdown. */
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import { createByteBudget, createHttpSseHandler } from '@mcp-daemon/express';

import { partitionOfPath } from '../../src/paths.js';
import { call, echo, gate, message, takeInterval, tool, until } from '../support.js';
import { answerTo, askSse, connectSse, openSse, serveSse } from './support.js';

describe('bad input over HTTP+SSE', () => {
  it.each<[string, unknown, Record<string, string>, number]>([
    ['no JSON', '{', {}, 400],
    ['nothing', '', {}, 400],
    ['no message', '5', {}, 400],
    ['a message of another protocol', { jsonrpc: '1.0' }, {}, 400],
    ['too much', JSON.stringify(call('echo', { text: 'x'.repeat(2_000) })), {}, 413],
    ['another type', call('echo'), { 'content-type': 'text/plain' }, 415],
    ['another charset', call('echo'), { 'content-type': 'application/json; charset=latin1' }, 415],
    ['something compressed', call('echo'), { 'content-encoding': 'gzip' }, 415],
  ])('is refused with a message, and the session stays open: %s', async (_what, body, headers, status) => {
    const client = await connectSse(await serveSse([echo], { maxBodyBytes: 1_000 }));
    const answer = await client.post(body, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({
      jsonrpc: '2.0',
      error: { code: expect.any(Number), message: expect.any(String) },
    });
    await client.post(call('echo', { text: 'x' }, 9));
    expect(await answerTo(client, 9)).toHaveProperty('result');
  });

  it('is answered on the stream where it is a request that fails', async () => {
    const client = await connectSse(await serveSse([echo]));
    expect((await client.post(message('no/such', {}, 3))).status).toBe(202);
    expect(await answerTo(client, 3)).toMatchObject({ error: { code: -32601 } });
  });

  it('includes a missing session id, other methods, and a client that does not accept a stream', async () => {
    const served = await serveSse([echo]);
    const post = (path: string): Promise<Response> =>
      fetch(served.url + path, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
    expect((await post('/messages')).status).toBe(400);
    expect((await post('/messages?sessionId=')).status).toBe(404);
    const got = await fetch(`${served.url}/messages?sessionId=x`);
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    const posted = await post('/sse');
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
    expect((await askSse(served, { headers: { accept: 'application/json' } })).status).toBe(406);
  });

  it('includes other origins and unknown hosts', async () => {
    const served = await serveSse([echo], { allowedOrigins: ['https://app.example.com'], allowedHosts: ['mcp.example.com'] });
    const from = async (headers: Record<string, string>): Promise<number> => (await askSse(served, { headers })).status;
    expect(await from({ origin: 'https://evil.example.com' })).toBe(403);
    expect(await from({ host: 'evil.example.com' })).toBe(403);
    expect(await from({ origin: 'https://app.example.com', host: 'mcp.example.com:8000' })).toBe(200);
    const client = await openSse(served);
    expect((await client.post(call('echo'), { origin: 'https://evil.example.com' })).status).toBe(403);
  });

  it('includes forbidden methods, alone or in a batch', async () => {
    const authorize = ({ subject }: { subject: string }, method: string): boolean =>
      subject !== 'eve' || !method.startsWith('tools/call');
    const served = await serveSse([echo], { authorize });
    const eve = await connectSse(served, '2024-11-05', { headers: { 'x-user': 'eve' } });
    const answer = await eve.post(call('echo'));
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { message: 'You may not use tools/call.' } }]);
    expect((await eve.post([message('ping', {}, 1), call('echo')])).status).toBe(403);
    expect((await eve.post(message('tools/list', {}, 2))).status).toBe(202);
    const ada = await connectSse(served, '2024-11-05', { headers: { 'x-user': 'ada' } });
    expect((await ada.post(call('echo'))).status).toBe(202);
  });
});

describe('the limits of HTTP+SSE', () => {
  it('refuse a session above the maximum, until another one ends', async () => {
    const served = await serveSse([echo], { maxSessions: 2 });
    const first = await openSse(served);
    await openSse(served);
    const refused = await askSse(served);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    first.leave();
    await until(() => served.sse.sessions === 1);
    expect((await askSse(served)).status).toBe(200);
  });

  it('keep one user from taking the sessions of others', async () => {
    const served = await serveSse([echo], { maxSessionsPerUser: 2 });
    const as = async (user: string): Promise<number> => (await askSse(served, { headers: { 'x-user': user } })).status;
    const first = await openSse(served, { headers: { 'x-user': 'ada' } });
    expect([await as('ada'), await as('ada'), await as('eve'), await as('ada@alpha')]).toEqual([200, 503, 200, 200]);
    first.leave();
    await until(() => served.sse.sessions === 3);
    expect(await as('ada')).toBe(200);
  });

  it('end an idle session, but not while a call is running', async () => {
    const { tool: waits, open, signals } = gate();
    const sweep = takeInterval(25_000);
    const served = await serveSse([echo, waits], { sessionIdleMs: 100_000 });
    const idle = await connectSse(served);
    const busy = await connectSse(served);
    await busy.post(call('gate', {}, 1));
    await until(() => signals.length === 1);
    sweep(99_000);
    expect(served.sse.sessions).toBe(2);
    sweep(200_000);
    await until(() => idle.over);
    sweep(400_000);
    expect([busy.over, served.sse.sessions]).toEqual([false, 1]);
    open();
    expect(await answerTo(busy, 1)).toHaveProperty('result');
    sweep(600_000);
    await until(() => busy.over && served.sse.sessions === 0);
  });

  it('end a session that has never received a message after a minute', async () => {
    const sweep = takeInterval(25_000);
    const served = await serveSse([echo], { sessionIdleMs: 100_000 });
    const silent = await openSse(served);
    const spoken = await connectSse(served);
    sweep(50_000);
    expect(served.sse.sessions).toBe(2);
    sweep(61_000);
    await until(() => silent.over);
    expect([spoken.over, served.sse.sessions]).toEqual([false, 1]);
    sweep(101_000);
    await until(() => spoken.over);
  });

  it('disconnect a client that does not read, and cancel its call', async () => {
    let aborted = false;
    let sent = 0;
    const flood = tool('flood', async (_args, context) => {
      for (; !context.signal.aborted && sent < 9_000; sent += 1) {
        context.log('info', 'x'.repeat(10_000));
        if (sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      aborted = context.signal.aborted;
    });
    const served = await serveSse([flood, echo], { maxUnreadBytes: 100_000 });
    const reader = await connectSse(served);
    const client = await connectSse(served);
    client.res.pause();
    await client.post(call('flood'));
    await until(() => aborted && served.sse.sessions === 1);
    expect(sent).toBeLessThan(9_000);
    await reader.post(call('echo', { text: 'x' }, 2));
    expect(await answerTo(reader, 2)).toHaveProperty('result');
  });

  it('count what all clients of a user leave unread together, and leave other users alone', async () => {
    const budget = createByteBudget({ maxBytes: 100_000_000, maxBytesPerUser: 20_000_000 });
    const large = tool('large', () => 'x'.repeat(9_000_000));
    const served = await serveSse([large, echo], { budget, maxUnreadBytes: 50_000_000 });
    const eve = await connectSse(served, '2024-11-05', { headers: { 'x-user': 'eve' } });
    const clients = await Promise.all(Array.from({ length: 4 }, () => connectSse(served)));
    for (const client of clients) {
      client.res.pause();
      await client.post(call('large'));
    }
    // The one that was too many is disconnected.
    await until(() => served.sse.sessions < 5);
    expect(budget.total).toBeLessThanOrEqual(20_000_000);
    await eve.post(call('echo', { text: 'x' }, 2), { 'x-user': 'eve' });
    expect(await answerTo(eve, 2)).toHaveProperty('result');
    for (const client of clients) client.res.destroy();
    await until(() => budget.total === 0);
  });

  it('do not disconnect a client that reads many answers at once', async () => {
    const waiting: (() => void)[] = [];
    const big = tool('big', async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return 'x'.repeat(900_000);
    });
    const client = await connectSse(await serveSse([big]));
    await Promise.all(Array.from({ length: 8 }, (_, id) => client.post(call('big', {}, `big-${id}`))));
    await until(() => waiting.length === 8);
    for (const go of waiting) go();
    await until(() => client.text.length > 8 * 900_000);
    expect(client.messages.filter(({ id }) => String(id).startsWith('big-'))).toHaveLength(8);
  });

  it.each([
    { maxSessions: 0 },
    { maxSessionsPerUser: 1.5 },
    { sessionIdleMs: 2 ** 31 },
    { maxUnreadBytes: -1 },
    { keepAliveMs: NaN },
  ])('must be valid numbers, unlike %j', (options) => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [] }) });
    expect(() => createHttpSseHandler(daemon, options)).toThrow(/whole number/);
  });
});

describe('the shutdown of HTTP+SSE', () => {
  it('lets running calls end, refuses new requests, and ends the streams', async () => {
    const { tool: waits, open, signals } = gate();
    const served = await serveSse([waits]);
    const client = await connectSse(served);
    await client.post(call('gate', {}, 1));
    await until(() => signals.length === 1);
    const closed = served.sse.close({ drainMs: 1_000_000 });
    expect((await askSse(served)).status).toBe(503);
    expect((await client.post(call('gate', {}, 2))).status).toBe(503);
    expect(client.over).toBe(false);
    open();
    await closed;
    await until(() => client.over);
    expect(client.messages.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: 'done' }] } });
    expect(served.sse.sessions).toBe(0);
  });

  it('does not wait longer than configured', async () => {
    const { tool: waits, signals } = gate();
    const served = await serveSse([waits]);
    const client = await connectSse(served);
    await client.post(call('gate', {}, 1));
    await until(() => signals.length === 1);
    await served.sse.close({ drainMs: 20 });
    expect(signals[0]!.aborted).toBe(true);
    await until(() => client.over);
  });

  it('follows from that of the daemon', async () => {
    const served = await serveSse([echo]);
    const client = await connectSse(served);
    await served.daemon.close();
    await until(() => client.over);
    expect(served.sse.sessions).toBe(0);
    expect((await askSse(served)).status).toBe(503);
  });
});

it.each([
  ['/jsonrpc/messages', 'default'],
  ['/jsonrpc/sse', 'default'],
  ['/jsonrpc/mcp', 'jsonrpc'],
  ['/messages', 'default'],
  ['/alpha/messages', 'alpha'],
  ['/alpha/events/ticket', 'alpha'],
  ['/events/ticket', 'default'],
  ['/events/events/ticket', 'events'],
  ['/alpha/ticket', undefined],
  ['/ticket', undefined],
  ['/alpha/beta/messages', undefined],
  ['/alpha/events/ticket/more', undefined],
  ['//events/ticket', undefined],
])('the partition of %s is %s', (path, partition) => {
  expect(partitionOfPath(path)).toBe(partition);
});
