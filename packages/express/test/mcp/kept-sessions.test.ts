/** Sessions that outlive their process: after a restart, and on another replica. */
import type { IncomingMessage } from 'node:http';

import { jest } from '@jest/globals';
import type { DaemonOptions, JsonObject, StateStore, Store } from '@mcp-daemon/core';
import { createMemoryState, createMemoryStore, DaemonError, defineCatalog, defineResource } from '@mcp-daemon/core';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import type { Served } from '../support.js';
import { atEnd, call, echo, isInMemory, message, openSession, send, serve, stream, tool, until } from '../support.js';

const EVENTS = { accept: 'text/event-stream' };
const note = defineResource({ name: 'note', uri: 'x://note', run: () => 'text' });
const says = tool('says', (_args, context) => {
  context.log('debug', 'detail');
  const { name } = context.client ?? {};
  return `${context.subject} with ${String(name)}`;
});
const functions = [echo, note, says];

/** `X-User: ada@alpha`. */
const authenticate = ({ headers }: IncomingMessage): { subject: string; partition: string } => {
  const [subject = '', partition = 'default'] = String(headers['x-user'] ?? 'ada').split('@');
  return { subject, partition };
};

/** A store whose shared state outlives it, as that of a database does. */
const storeWith = (state: StateStore | undefined): Store => {
  const { state: _own, ...store } = createMemoryStore();
  return state === undefined ? store : { ...store, state };
};

interface ReplicaOptions extends Partial<DaemonOptions> {
  port?: number;
  state?: StateStore | undefined;
  mcp?: Parameters<typeof serve>[1];
}

/** A process that serves the functions. */
const replica = ({ state, mcp, port, ...more }: ReplicaOptions = {}): Promise<Served> =>
  serve(functions, { authenticate, ...mcp }, { stateSecret: 'shared', store: storeWith(state), ...more }, port);

const status = async (to: Served, headers: Record<string, string>, method = 'POST'): Promise<number> => {
  const body = method === 'POST' ? { body: call('echo', { text: 'a' }) } : {};
  return (await send(to, { method, headers, ...body })).status;
};

describe('a session that another process has begun', () => {
  it('is continued with what its handshake said, and no other way than with its id', async () => {
    const [one, other] = [await replica(), await replica()];
    const session = await openSession(one, '2025-06-18', { sampling: {}, roots: { listChanged: true } });
    expect(session['mcp-session-id']).toMatch(/^[\w-]{60,400}$/);
    const answer = await send(other, { body: call('says'), headers: session });
    expect(answer).toMatchObject({ status: 200, json: { result: { content: [{ text: 'ada with test' }] } } });
    expect(other.mcp.listSessions('default')).toMatchObject([{ subject: 'ada', client: 'test/1' }]);
    expect(await status(one, session)).toBe(200);
  });

  it('is taken up once by requests at the same time', async () => {
    const [one, other] = [await replica({ state: createMemoryState() }), await replica({ state: createMemoryState() })];
    const session = await openSession(one);
    const ids = Array.from({ length: 20 }, (_, index) => index);
    const answers = await Promise.all(ids.map((id) => send(other, { body: call('echo', { text: 'a' }, id), headers: session })));
    expect(answers.map((answer) => answer.status)).toEqual(ids.map(() => 200));
    expect(other.mcp.sessions).toBe(1);
  });

  it('is answered like an unknown one for another user or partition, and for a process with another secret', async () => {
    const [one, same, another, none] = [
      await replica(),
      await replica(),
      await replica({ stateSecret: 'rotated' }),
      await serve(functions, { authenticate }),
    ];
    const session = await openSession(one);
    for (const user of ['eve', 'ada@alpha']) {
      expect(await status(same, { ...session, 'x-user': user })).toBe(404);
      expect(await status(same, { ...session, 'x-user': user }, 'DELETE')).toBe(404);
    }
    expect(await status(another, session)).toBe(404);
    expect(await status(none, session)).toBe(404);
    expect(await status(same, session)).toBe(200);
  });

  it('is not continued with an id that was forged, cut, added to, or has expired', async () => {
    const [one, other] = [await replica({ limits: { sessionTtlMs: 60_000 } }), await replica()];
    const session = await openSession(one);
    const id = session['mcp-session-id']!;
    const flipped = Buffer.from(id, 'base64url');
    flipped[20] = flipped[20]! ^ 1;
    const forged = [
      'made-up',
      id.slice(0, -1),
      `${id}A`,
      `${id}=`,
      id.slice(4),
      flipped.toString('base64url'),
      'A'.repeat(9_000),
    ];
    for (const made of forged) expect(await status(other, { ...session, 'mcp-session-id': made })).toBe(404);
    expect(other.mcp.sessions).toBe(0);
    const now = Date.now() + 61_000;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
    atEnd(() => clock.mockRestore());
    expect(await status(await replica(), session)).toBe(404);
  });

  it('keeps capabilities that are too large for an id in the shared state', async () => {
    const capabilities = { experimental: { 'x.example/large': { text: 'x'.repeat(3_000) } }, elicitation: {} };
    const state = createMemoryState();
    const [one, other, apart] = [await replica({ state }), await replica({ state }), await replica()];
    const session = await openSession(one, '2025-11-25', capabilities);
    expect(session['mcp-session-id']!.length).toBeLessThan(1_100);
    expect(await status(other, session)).toBe(200);
    expect(await status(apart, session)).toBe(404); // it could not know what the client can do
    expect(await status(one, session)).toBe(200);
  });

  it('has its log level and its subscriptions, and is told what it may have missed', async () => {
    const state = createMemoryState();
    const [one, other] = [await replica({ state }), await replica({ state })];
    const session = await openSession(one);
    await send(one, { body: message('logging/setLevel', { level: 'debug' }, 1), headers: session });
    await send(one, { body: message('resources/subscribe', { uri: 'x://note' }, 2), headers: session });
    await one.mcp.close({ drainMs: 1 });

    // With the id of an event of the process that is gone, as the official clients reconnect.
    const events = await stream(other, { method: 'GET', headers: { ...session, ...EVENTS, 'last-event-id': '0-7' } });
    const told = (): unknown[] =>
      events.messages.map(({ method, params }) => [method, (params as JsonObject | undefined)?.['uri']]);
    await until(() => events.messages.length === 3);
    expect(told()).toEqual([
      ['notifications/tools/list_changed', undefined],
      ['notifications/resources/list_changed', undefined],
      ['notifications/resources/updated', 'x://note'],
    ]);
    other.daemon.update(defineCatalog({ functions: [echo, says, { ...note, description: 'changed' }] }));
    await until(() => events.messages.length >= 5);
    expect(told().slice(3)).toContainEqual(['notifications/resources/updated', 'x://note']);
    const logged = await stream(other, { body: call('says'), headers: session });
    await until(() => logged.over);
    expect(logged.messages[0]).toMatchObject({ method: 'notifications/message', params: { level: 'debug', data: 'detail' } });
    const again = await stream(other, { method: 'GET', headers: { ...session, ...EVENTS } });
    expect(again.messages).toEqual([]); // told once
    again.leave();
  });

  it('loses its subscriptions where the store has no shared state, and is told that lists may have changed', async () => {
    const [one, other] = [await replica(), await replica()];
    const session = await openSession(one);
    await send(one, { body: message('resources/subscribe', { uri: 'x://note' }, 2), headers: session });
    const events = await stream(other, { method: 'GET', headers: { ...session, ...EVENTS } });
    await until(() => events.messages.length === 2);
    expect(events.messages.map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/resources/list_changed',
    ]);
    events.leave();
  });

  it('loses the subscriptions to what its user may no longer read', async () => {
    const state = createMemoryState();
    const one = await replica({ state });
    const session = await openSession(one);
    await send(one, { body: message('resources/subscribe', { uri: 'x://note' }, 2), headers: session });
    await one.mcp.close({ drainMs: 1 });
    const scoped = { catalog: defineCatalog({ functions: [{ ...note, scopes: ['notes'] }] }) };
    const narrow = (req: IncomingMessage): object => ({ ...authenticate(req), scopes: new Set() });
    const other = await replica({ state, ...scoped, mcp: { authenticate: narrow } });
    const events = await stream(other, { method: 'GET', headers: { ...session, ...EVENTS } });
    await until(() => events.messages.length === 2);
    expect(events.messages.map(({ method }) => method)).not.toContain('notifications/resources/updated');
    events.leave();
  });
});

describe('a session that its client has ended', () => {
  it('stays ended, here and on every replica of the store', async () => {
    const state = createMemoryState();
    const [one, other, third] = [await replica({ state }), await replica({ state }), await replica({ state })];
    const session = await openSession(one);
    expect(await status(other, session)).toBe(200);
    expect(await status(other, session, 'DELETE')).toBe(204);
    expect(await status(other, session)).toBe(404);
    expect(await status(third, session)).toBe(404);
    expect(await status(third, session, 'DELETE')).toBe(404);
    const unknown = await openSession(one);
    expect(await status(third, unknown, 'DELETE')).toBe(204); // it was never in this process
    expect(await status(other, unknown)).toBe(404);
  });

  it('stays ended also if what it subscribed to is being stored at that moment', async () => {
    const state = createMemoryState();
    let [begun, done] = [0, 0];
    let goOn: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (goOn = resolve));
    const held: StateStore = {
      ...state,
      async put(...given) {
        begun += 1;
        await released;
        const written = await state.put(...given);
        done += 1;
        return written;
      },
    };
    const [one, other, third] = [await replica({ state: held }), await replica({ state }), await replica({ state })];
    const session = await openSession(one);
    const subscribed = send(one, { body: message('resources/subscribe', { uri: 'x://note' }, 2), headers: session });
    await until(() => begun === 1, 'the subscription to be stored');
    expect(await status(other, session, 'DELETE')).toBe(204);
    goOn();
    expect((await subscribed).status).toBe(200);
    await until(() => done === 1);
    expect(await status(third, session)).toBe(404);
  });

  it('stays ended in its process where the store has no shared state', async () => {
    const one = await replica({ mcp: { maxSessionsPerUser: 1 } });
    const [first, second] = [await openSession(one), await openSession(one)];
    expect(isInMemory(one, first)).toBe(false);
    expect(await status(one, first, 'DELETE')).toBe(204);
    expect(await status(one, first)).toBe(404);
    expect(await status(one, second)).toBe(200);
  });
});

it('a store that cannot be read is 503, so that the client keeps its session', async () => {
  const state = createMemoryState();
  let isBroken = false;
  const broken: StateStore = {
    ...state,
    get: (...key) => {
      if (isBroken) throw new DaemonError('store_busy', 'the store is busy');
      return state.get(...key);
    },
  };
  const [one, other] = [await replica(), await replica({ state: broken })];
  const session = await openSession(one);
  isBroken = true;
  const answer = await send(other, { body: call('echo'), headers: session });
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
  expect(await status(other, session, 'DELETE')).toBe(503);
  isBroken = false;
});

it('the official client goes on with its session after a restart', async () => {
  const state = createMemoryState();
  let now = await replica({ state });
  const { port } = now;
  const transport = new StreamableHTTPClientTransport(new URL(now.url), {
    reconnectionOptions: {
      ...{ initialReconnectionDelay: 10, maxReconnectionDelay: 20, reconnectionDelayGrowFactor: 1, maxRetries: 500 },
    },
  });
  const client = new Client({ name: 'host', version: '1' });
  const told: string[] = [];
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void told.push('tools'));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void told.push(params.uri));
  await client.connect(transport);
  atEnd(() => client.close());
  await client.subscribeResource({ uri: 'x://note' });
  const before = transport.sessionId;
  await now.mcp.close({ drainMs: 1 });
  now.server.closeAllConnections();
  await new Promise((resolve) => now.server.close(resolve));
  now = await replica({ state, port });
  // Its stream is connected again first: a call on a connection that the end of the process has just closed fails in the client.
  await until(() => told.includes('x://note') && told.includes('tools'));
  expect(await client.callTool({ name: 'says' })).toMatchObject({ content: [{ text: 'ada with host' }] });
  expect(transport.sessionId).toBe(before);
});
