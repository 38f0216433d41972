/** Every body is answered and its response ends, whatever it holds; and what costs too much is refused before it is parsed. */
import type { JsonObject } from '@mcp-daemon/core';

import type { Sent } from '../support.js';
import { arrival, call, echo, gate, initialize, message, modern, openSession, send, serve, until } from '../support.js';

/** Sends a request, and waits for the end of its response. */
const ended = (to: { port: number }, sent: Sent): Promise<{ status: number; text: string; headers: object }> =>
  arrival(send(to, sent), () => `the answer to ${JSON.stringify(sent).slice(0, 200)}`);

const bodies: [string, unknown][] = [
  ['initialize without an id', message('initialize', { protocolVersion: '2025-11-25' })],
  ['initialize without an id and without parameters', { jsonrpc: '2.0', method: 'initialize' }],
  ['initialize with the id null', { jsonrpc: '2.0', id: null, method: 'initialize', params: {} }],
  ['initialize with an id of 2 KB', message('initialize', { protocolVersion: '2025-11-25' }, 'x'.repeat(2_000))],
  ['initialize that is refused', message('initialize', {}, 1)],
  ['initialize in a batch', [initialize()]],
  ['a notification', message('notifications/x')],
  ['a request without an id', message('tools/call', { name: 'echo' })],
  ['an answer that nobody waits for', { jsonrpc: '2.0', id: 5, result: {} }],
  ['a batch of notifications', [message('notifications/x'), message('notifications/y')]],
  ['a batch of answers', [{ jsonrpc: '2.0', id: 5, result: {} }]],
  ['an empty batch', []],
  ['null', null],
  ['a text', 'x'],
  ['an empty object', {}],
];

describe('a response ends', () => {
  it.each(bodies)('for %s, with a session and without', async (_what, body) => {
    const served = await serve([echo]);
    const batches = await openSession(served, '2025-03-26');
    const sessions = [{}, await openSession(served), batches];
    for (const headers of sessions)
      for (const accept of ['application/json, text/event-stream', 'application/json', 'text/event-stream'])
        expect((await ended(served, { body, headers: { ...headers, accept } } as Sent)).status).toBeGreaterThanOrEqual(200);
    expect((await ended(served, { body, headers: { ...modern('ping').headers } } as Sent)).status).toBeGreaterThanOrEqual(200);
    expect(served.mcp.sessions).toBeLessThanOrEqual(3);
  });

  it('for initialize without an id with 400 and the reason, and no session is opened', async () => {
    const served = await serve([echo]);
    const { status, text } = await ended(served, { body: message('initialize', { protocolVersion: '2025-11-25' }) });
    expect([status, served.mcp.sessions]).toEqual([400, 0]);
    expect(text).toContain('must have an id');
  });
});

describe('initialize inside a session', () => {
  it('is answered like the first, and the session goes on', async () => {
    const served = await serve([echo]);
    const headers = await openSession(served);
    const { status, text } = await ended(served, { body: initialize('2025-06-18'), headers });
    expect([status, JSON.parse(text)]).toMatchObject([200, { id: 0, result: { protocolVersion: '2025-06-18' } }]);
    const called = await ended(served, { body: call('echo', { text: 'hi' }), headers });
    expect(called.text).toContain('"hi"');
  });
});

describe('a body that costs too much', () => {
  it('is refused where it is nested too deeply: 4 MB of brackets take a moment', async () => {
    const served = await serve([echo]);
    const began = process.cpuUsage();
    const { status, text } = await ended(served, { body: '['.repeat(3_900_000) as never });
    const { user } = process.cpuUsage(began);
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: { code: -32700 } }]);
    expect(text).toContain('200 levels');
    expect(user / 1_000).toBeLessThan(1_000);
  });

  it('is answered under its id, if that is not an exact number', async () => {
    const served = await serve([echo]);
    const { status, text } = await ended(served, { body: '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}' as never });
    expect(status).toBe(400);
    expect(text).toContain('"id":9007199254740993,');
  });

  it.each(['modern', 'legacy'] as const)('is refused with 503 and Retry-After while others run (%s)', async (era) => {
    const { tool, open, signals } = gate();
    const served = await serve([tool, echo], {}, { limits: { maxBytesInFlightPerUser: 100_000 } });
    const session = era === 'legacy' ? await openSession(served, '2025-06-18') : {};
    const args: JsonObject = { data: 'x'.repeat(60_000) };
    const sent = (id: number): Sent =>
      era === 'legacy'
        ? { body: call('gate', args, id), headers: { ...session, accept: 'application/json' } }
        : modern('tools/call', { name: 'gate', arguments: args }, {}, id);
    const first = send(served, sent(1));
    await until(() => signals.length === 1);
    const { status, text, headers } = await ended(served, sent(2));
    expect([status, headers]).toMatchObject([503, { 'retry-after': '1' }]);
    expect(JSON.parse(text)).toMatchObject({ id: 2, error: { code: -32010 } });
    open();
    expect((await first).status).toBe(200);
    expect((await ended(served, sent(3))).status).toBe(200);
  });
});
