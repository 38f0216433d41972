import type { FunctionContext, JsonObject } from '@mcp-daemon/core';
import { defineResource } from '@mcp-daemon/core';

import {
  begin,
  call,
  echo,
  gate,
  initialize,
  isInMemory,
  JSON_HEADERS,
  leave,
  message,
  openSession,
  send,
  serve,
  stream,
  takeInterval,
  tool,
  until,
} from '../support.js';

const EVENTS = { accept: 'text/event-stream' };
const JSON_ONLY = { accept: 'application/json' };
const asking = tool('asking', (_args, context: FunctionContext) => {
  const { who } = context.inputs as { who?: { content?: JsonObject } };
  if (who !== undefined) return `Hello, ${String(who.content?.['name'])}!`;
  return context.inputRequired({ who: context.elicit('Who?', { type: 'object', properties: { name: { type: 'string' } } }) });
});
const ELICITATION = { elicitation: {} };

describe('a session', () => {
  it('begins with a handshake that returns its id, and ends with a DELETE', async () => {
    const served = await serve([echo]);
    const session = await openSession(served);
    expect(served.mcp.sessions).toBe(1);
    const answer = await send(served, { body: call('echo', { text: 'x' }), headers: session });
    expect(answer).toMatchObject({ status: 200, json: { id: 1, result: { content: [{ text: 'x' }] } } });
    expect((await send(served, { method: 'DELETE', headers: session })).status).toBe(204);
    expect((await send(served, { body: call('echo'), headers: session })).status).toBe(404);
    expect((await send(served, { method: 'DELETE', headers: session })).status).toBe(404);
    expect((await send(served, { method: 'GET', headers: { ...session, ...EVENTS } })).status).toBe(404);
    expect(served.mcp.sessions).toBe(0);
  });

  it('does not begin with a handshake that fails', async () => {
    const served = await serve([echo]);
    const answer = await send(served, { body: message('initialize', { protocolVersion: 5 }, 1) });
    expect([answer.status, answer.json.error?.code, served.mcp.sessions]).toEqual([400, -32602, 0]);
    expect(answer.headers).not.toHaveProperty('mcp-session-id');
  });

  it('begins with a handshake whatever the version in its headers', async () => {
    const headers = { 'mcp-protocol-version': '2026-07-28' };
    const answer = await send(await serve([echo]), { body: initialize(), headers });
    expect(answer.status).toBe(200);
    expect(answer.headers).toHaveProperty('mcp-session-id');
  });

  it('is required for legacy requests', async () => {
    const served = await serve([echo]);
    const session = await openSession(served);
    const without = async (sent: object): Promise<number> => (await send(served, sent)).status;
    expect(await without({ body: call('echo') })).toBe(400);
    expect(await without({ body: message('notifications/initialized') })).toBe(400);
    expect(await without({ body: [call('echo')] })).toBe(400);
    expect(await without({ body: call('echo'), headers: { 'mcp-session-id': 'made-up' } })).toBe(404);
    expect(await without({ method: 'GET', headers: EVENTS })).toBe(405);
    expect(await without({ method: 'DELETE' })).toBe(405);
    expect(await without({ body: call('echo'), headers: { ...session, 'mcp-protocol-version': '1999-01-01' } })).toBe(400);
    expect(await without({ body: initialize(), headers: session })).toBe(200);
  });

  it('serves a client that leaves out the header with the version', async () => {
    const served = await serve([echo]);
    const { 'mcp-session-id': id = '' } = await openSession(served);
    const { status, json } = await send(served, { body: call('echo', { text: 'x' }), headers: { 'mcp-session-id': id } });
    expect([status, json]).toEqual([200, expect.objectContaining({ result: { content: [{ type: 'text', text: 'x' }] } })]);
  });

  it('belongs to the user who opened it', async () => {
    const authenticate = ({ headers }: { headers: NodeJS.Dict<string | string[]> }): { subject: string; partition?: string } => {
      const [subject = '', partition] = String(headers['authorization']).split('@');
      return partition === undefined ? { subject } : { subject, partition };
    };
    const served = await serve([echo], { authenticate });
    const session = await openSession(served, '2025-11-25', {}, { authorization: 'ada' });
    const as = (authorization: string, method = 'POST'): Promise<{ status: number }> =>
      send(served, {
        method,
        headers: { ...session, authorization, ...(method === 'GET' ? EVENTS : {}) },
        ...(method === 'POST' ? { body: call('echo') } : {}),
      });
    expect((await as('eve')).status).toBe(404);
    expect((await as('eve', 'GET')).status).toBe(404);
    expect((await as('eve', 'DELETE')).status).toBe(404);
    expect((await as('ada@elsewhere')).status).toBe(404);
    expect((await as('ada')).status).toBe(200);
  });

  it('leaves memory when it was idle for too long, but not while its client is connected, and comes back', async () => {
    const { tool: waits, open, signals } = gate();
    const sweep = takeInterval(25_000);
    const served = await serve([echo, waits], { sessionIdleMs: 100_000 });
    const left = await openSession(served);
    const listening = await openSession(served);
    const calling = await openSession(served);
    const events = await stream(served, { method: 'GET', headers: { ...listening, ...EVENTS } });
    const answer = send(served, { body: call('gate'), headers: { ...calling, ...JSON_ONLY } });
    await until(() => signals.length === 1);
    sweep(99_000);
    expect(served.mcp.sessions).toBe(3);
    sweep(200_000);
    sweep(400_000);
    expect(served.mcp.sessions).toBe(2);
    expect(isInMemory(served, left)).toBe(false);
    expect((await send(served, { body: call('echo'), headers: left })).status).toBe(200);
    expect(served.mcp.sessions).toBe(3);
    open();
    expect((await answer).status).toBe(200);
    await leave(events, served);
    await until(() => (sweep(600_000), served.mcp.sessions === 0));
  });

  it('leaves memory when there are too many; the one that was idle longest is first', async () => {
    const { tool: waits, open, signals } = gate();
    const served = await serve([echo, waits], { maxSessions: 3 });
    const sessions = [await openSession(served), await openSession(served), await openSession(served)];
    const answer = send(served, { body: call('gate'), headers: { ...sessions[0], ...JSON_ONLY } });
    await until(() => signals.length === 1);
    await send(served, { body: call('echo'), headers: sessions[1]! });
    await openSession(served);
    expect(sessions.map((session) => isInMemory(served, session))).toEqual([true, true, false]);
    expect((await send(served, { body: call('echo'), headers: sessions[2]! })).status).toBe(200);
    expect(sessions.map((session) => isInMemory(served, session))).toEqual([true, false, true]);
    open();
    expect((await answer).status).toBe(200);
    expect(served.mcp.sessions).toBe(3);
  });

  it('ends with its daemon, and running calls are answered', async () => {
    const { tool: waits, open, signals } = gate();
    const served = await serve([waits]);
    const session = await openSession(served);
    const events = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } });
    const answer = send(served, { body: call('gate'), headers: { ...session, ...JSON_ONLY } });
    await until(() => signals.length === 1);
    const closed = served.daemon.close();
    open();
    expect((await answer).json).toHaveProperty('result');
    await closed;
    await until(() => events.over);
    expect(served.mcp.sessions).toBe(0);
    expect((await send(served, { body: initialize() })).status).toBe(503);
  });
});

describe('the media type of an answer', () => {
  it.each([
    ['both', JSON_HEADERS.accept, 'application/json'],
    ['JSON', 'application/json', 'application/json'],
    ['events', 'text/event-stream', 'text/event-stream'],
    ['anything', '*/*', 'application/json'],
    ['nothing said', undefined, 'application/json'],
  ])('depends on Accept: %s', async (_what, accept, type) => {
    // However slow the machine is, no answer becomes a stream.
    const served = await serve([echo], { streamAfterMs: 60_000 });
    const session = await openSession(served);
    const answer = await send(served, { body: call('echo', { text: 'x' }), headers: { ...session, accept } as never });
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.text).toContain('"text":"x"');
  });

  it('causes 406 where Accept has neither type', async () => {
    const served = await serve([echo]);
    const session = await openSession(served);
    expect((await send(served, { body: call('echo'), headers: { ...session, accept: 'text/html' } })).status).toBe(406);
    const get = await send(served, { method: 'GET', headers: { ...session, ...JSON_ONLY } });
    expect(get.status).toBe(406);
  });

  it('may be an event stream for a handshake', async () => {
    const answer = await send(await serve([echo]), { body: initialize(), headers: EVENTS });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/event-stream' });
    expect(answer.headers).toHaveProperty('mcp-session-id');
    expect(answer.text).toMatch(/^data: {.*"protocolVersion":"2025-11-25"/);
  });

  it('is the same for an error', async () => {
    const served = await serve([echo]);
    const session = await openSession(served);
    const answer = await send(served, { body: message('no/such', {}, 4), headers: session });
    expect(answer).toMatchObject({ status: 200, json: { id: 4, error: { code: -32601 } } });
    const broken = await send(served, { body: { jsonrpc: '2.0', id: {}, method: 'ping' }, headers: session });
    expect(broken.status).toBe(400);
  });

  it('is the same for batches, where the version has them', async () => {
    const served = await serve([echo]);
    const batch = [call('echo', { text: 'a' }, 1), message('notifications/x'), call('echo', { text: 'b' }, 2)];
    const old = await openSession(served, '2025-03-26');
    const answer = await send(served, { body: batch, headers: old });
    expect(answer.json).toMatchObject([{ id: 1 }, { id: 2 }]);
    const events = await stream(served, { body: batch, headers: { ...old, ...EVENTS } });
    await until(() => events.over);
    expect(events.messages).toMatchObject([{ id: 1 }, { id: 2 }]);
    expect((await send(served, { body: [message('notifications/x')], headers: old })).status).toBe(202);
    const young = await openSession(served);
    expect(await send(served, { body: batch, headers: young })).toMatchObject({ status: 400, json: { error: { code: -32600 } } });
  });
});

describe('a message from the server', () => {
  it('about progress is sent on the stream of its call', async () => {
    const { tool: waits, open } = gate();
    const served = await serve([waits]);
    const session = await openSession(served);
    const own = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } });
    const events = await stream(served, { body: call('gate', {}, 9, { progressToken: 1 }), headers: session });
    await until(() => events.messages.length === 1);
    open();
    await until(() => events.over);
    expect(events.messages).toMatchObject([{ method: 'notifications/progress' }, { id: 9, result: {} }]);
    expect(own.messages).toEqual([]);
  });

  it('about changes is sent on the stream that belongs to no request', async () => {
    const change = tool('change', (_args, context) => context.resourceUpdated('test://a'));
    const served = await serve([change, defineResource({ name: 'a', uri: 'test://a', run: () => 'a' })], {
      keepAliveMs: 20,
      streamAfterMs: 60_000,
    });
    const session = await openSession(served);
    const subscribe = message('resources/subscribe', { uri: 'test://a' }, 1);
    await send(served, { body: subscribe, headers: session });
    const events = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } });
    const called = await send(served, { body: call('change'), headers: session });
    expect(called.headers['content-type']).toBe('application/json');
    await until(() => events.messages.length === 1 && events.comments > 0);
    expect(events.messages).toMatchObject([{ method: 'notifications/resources/updated' }]);
  });

  it('is sent on the newest of two such streams', async () => {
    const served = await serve([echo]);
    const session = await openSession(served);
    const first = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } });
    const second = await stream(served, { method: 'GET', headers: { ...session, ...EVENTS } });
    await until(() => first.over);
    served.daemon.update({ functions: [], revision: 'next' } as never);
    await until(() => second.messages.length === 1);
    expect(first.messages).toEqual([]);
  });

  it('that is a request is sent on the stream of its call, and answered by another POST', async () => {
    const served = await serve([asking]);
    const session = await openSession(served, '2025-11-25', ELICITATION);
    const events = await stream(served, { body: call('asking'), headers: session });
    await until(() => events.messages.length === 1);
    const [question] = events.messages as [{ id: string; method: string }];
    expect(question.method).toBe('elicitation/create');
    const result = { action: 'accept', content: { name: 'Ada' } };
    const answer = await send(served, { body: { jsonrpc: '2.0', id: question.id, result }, headers: session });
    expect([answer.status, answer.text]).toEqual([202, '']);
    await until(() => events.over);
    expect(events.messages[1]).toMatchObject({ id: 1, result: { content: [{ text: 'Hello, Ada!' }] } });
  });

  it('that is a request fails at once for a client that does not accept a stream', async () => {
    const served = await serve([asking]);
    const session = await openSession(served, '2025-11-25', ELICITATION);
    const { json } = await send(served, { body: call('asking'), headers: { ...session, ...JSON_ONLY } });
    expect(json.result).toMatchObject({ isError: true });
    expect(JSON.stringify(json.result)).toMatch(/text\/event-stream/);
  });
});

describe('a client that disconnects or cancels', () => {
  it('has its call cancelled where it has no stream to resume', async () => {
    const { tool: waits, signals } = gate();
    const served = await serve([waits]);
    const session = await openSession(served, '2025-06-18');
    const gone = begin(served, { body: call('gate'), headers: session }).catch(() => undefined);
    await until(() => signals.length === 1);
    served.server.closeAllConnections();
    await until(() => signals[0]!.aborted);
    await gone;
  });

  it('with a cancellation gets no answer', async () => {
    const { tool: waits, signals } = gate();
    const served = await serve([waits]);
    const session = await openSession(served);
    const answer = send(served, { body: call('gate'), headers: { ...session, ...JSON_ONLY } });
    await until(() => signals.length === 1);
    await send(served, { body: message('notifications/cancelled', { requestId: 1 }), headers: session });
    expect([(await answer).status, (await answer).text]).toEqual([202, '']);
  });

  it('by ending its session has its calls and streams ended', async () => {
    const { tool: waits, signals } = gate();
    const served = await serve([waits]);
    const session = await openSession(served);
    const events = await stream(served, { body: call('gate', {}, 1, { progressToken: 1 }), headers: session });
    await until(() => events.messages.length === 1);
    await send(served, { method: 'DELETE', headers: session });
    await until(() => events.over && signals[0]!.aborted);
    expect(events.messages).toHaveLength(1);
  });
});
