/** Results as streams of Server-Sent Events: by the client of graphql-sse, by an EventSource, and with readers that stop. */
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { connect } from 'node:net';

import type { Client } from 'graphql-sse';
import { createClient } from 'graphql-sse';

import { ask as askPlain, bearer, localAuth } from '../auth/support.js';
import { Reader } from '../events/support.js';
import { atEnd, until } from '../support.js';
import type { Served } from './support.js';
import { ask, headerAuth, serve } from './support.js';

const EVENTS = { accept: 'text/event-stream' };

/** The official client. It does not retry, so that a fault is seen at once. */
function client({ url }: Served, headers: Record<string, string> = {}): Client {
  const made = createClient({ url: `${url}/graphql`, headers, retryAttempts: 0 });
  atEnd(() => made.dispose());
  return made;
}

/** All results of an operation. */
async function collect(of: Client, query: string, variables: Record<string, unknown> = {}): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const result of of.iterate({ query, variables })) results.push(result);
  return results;
}

/** Opens a stream as an `EventSource` does. */
function open({ port }: Served, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const req = request({ port, host: '127.0.0.1', path, headers: { ...EVENTS, ...headers }, agent: false }, resolve);
    req.on('error', reject);
    req.end();
    atEnd(() => req.destroy());
  });
}

const urlOf = (query: string, more: Record<string, string> = {}): string => `/graphql?${new URLSearchParams({ query, ...more })}`;
const eventsOf = (reader: Reader): unknown[] => reader.given.map(({ type, data }) => [type, data]);

describe('the client of graphql-sse', () => {
  it('gets the results of a subscription, and its end', async () => {
    const server = await serve();
    expect(await collect(client(server), 'subscription ($to: Int!) { count(to: $to) }', { to: 3 })).toEqual([
      { data: { count: 1 } },
      { data: { count: 2 } },
      { data: { count: 3 } },
    ]);
  });

  it('gets the results of queries and mutations', async () => {
    const server = await serve();
    expect(await collect(client(server), '{ hello }')).toEqual([{ data: { hello: 'Hello, you!' } }]);
    expect(await collect(client(server), 'mutation { set(value: "new") }')).toEqual([{ data: { set: 'new' } }]);
    expect(server.world.value).toBe('new');
  });

  it.each(['subscription { nothing }', 'subscription {', 'subscription ($to: Int!) { count(to: $to) }'])(
    'gets the mistakes of an operation as a result, because it would retry after a status of 400: %s',
    async (query) => {
      const server = await serve();
      expect(await collect(client(server), query)).toEqual([
        { errors: [expect.objectContaining({ message: expect.any(String) })] },
      ]);
    },
  );

  it('gets an error in place of the reason where a subscription breaks, and its end', async () => {
    const logged: unknown[] = [];
    const logger = { info: () => undefined, error: (fields: object) => void logged.push(fields) };
    const server = await serve({ http: { logger } });
    const [first, second] = await collect(client(server), 'subscription { breaks }');
    expect(first).toEqual({ data: { breaks: 1 } });
    expect(second).toEqual({ errors: [{ message: 'Internal error', extensions: { code: 'INTERNAL_ERROR' } }] });
    expect(JSON.stringify(logged)).toContain('secret reason');
  });

  it('ends a subscription, of which the API then hears', async () => {
    const server = await serve();
    const results: unknown[] = [];
    const end = client(server).subscribe(
      { query: 'subscription { numbers }' },
      { next: (result) => results.push(result), error: () => undefined, complete: () => undefined },
    );
    await until(() => server.world.begun === 1);
    server.world.push(1);
    server.world.push(2);
    await until(() => results.length === 2);
    expect(results).toEqual([{ data: { numbers: 1 } }, { data: { numbers: 2 } }]);
    end();
    await until(() => server.world.ended === 1);
  });

  it('is refused without a token', async () => {
    const server = await serve();
    await expect(collect(client(server, { who: 'nobody' }), 'subscription { numbers }')).rejects.toThrow('401');
  });
});

describe('a client that accepts JSON and streams', () => {
  const both = { accept: 'application/graphql-response+json, application/json, text/event-stream' };

  it('gets JSON for queries and a stream for subscriptions', async () => {
    const server = await serve();
    const query = await ask(server, { body: { query: '{ hello }' }, headers: both });
    expect(query.headers.get('content-type')).toMatch(/^application\/graphql-response\+json/);
    const stream = await ask(server, { body: { query: 'subscription { count(to: 1) }' }, headers: both });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.text).toMatch(/event: next\ndata: {"data":{"count":1}}\n\nevent: complete\n/);
  });
});

describe('an EventSource', () => {
  const COUNT = 'subscription { count(to: 2) }';

  /** A server with users, and a token of one. */
  async function withUsers(): Promise<{ server: Served; headers: Record<string, string> }> {
    const auth = await localAuth({ adminStaticToken: 'static' });
    return { server: await serve({ http: { auth } }), headers: bearer('static') };
  }

  const ticketOf = async (server: Served, headers: Record<string, string>, path = '/events/ticket'): Promise<string> =>
    String((await askPlain(server.port, 'POST', path, headers)).json['ticket']);

  it('sends a ticket in place of a token, and gets the results', async () => {
    const { server, headers } = await withUsers();
    const ticket = await ticketOf(server, headers);
    const reader = new Reader(await open(server, urlOf(COUNT, { ticket })));
    await until(() => reader.over);
    expect(eventsOf(reader)).toEqual([
      ['next', { data: { count: 1 } }],
      ['next', { data: { count: 2 } }],
      ['complete', null],
    ]);
    // The ticket is used up.
    expect((await open(server, urlOf(COUNT, { ticket }))).statusCode).toBe(401);
  });

  it('is told not to connect again when its operation is complete', async () => {
    const server = await serve();
    const reader = new Reader(await open(server, urlOf(COUNT)));
    await until(() => reader.over);
    // A browser sends the id of the last event when it connects again by itself.
    const again = await open(server, urlOf(COUNT), { 'last-event-id': reader.lastEventId });
    expect([again.statusCode, reader.lastEventId]).toEqual([204, 'complete']);
    // Before the end it is connected again.
    const first = await open(server, urlOf(COUNT), { 'last-event-id': '' });
    expect(first.statusCode).toBe(200);
  });

  it('cannot use a ticket for anything but a stream of the partition', async () => {
    const { server, headers } = await withUsers();
    const post = await ask(server, {
      path: urlOf('{ hello }', { ticket: await ticketOf(server, headers) }),
      body: { query: '{ hello }' },
    });
    expect([post.status, post.json.errors?.[0]?.message]).toEqual([400, expect.stringContaining('ticket')]);
    const get = await ask(server, { method: 'GET', path: urlOf('{ hello }', { ticket: await ticketOf(server, headers) }) });
    expect(get.status).toBe(400);
    const elsewhere = `/alpha${urlOf(COUNT, { ticket: await ticketOf(server, headers) })}`;
    expect((await open(server, elsewhere)).statusCode).toBe(401);
    expect((await open(server, urlOf(COUNT, { ticket: 'guessed' }))).statusCode).toBe(401);
  });
});

describe('a stream', () => {
  const NUMBERS = 'subscription { numbers }';

  it('gets a comment while nothing happens', async () => {
    const server = await serve({ keepAliveMs: 10 });
    const reader = new Reader(await open(server, urlOf(NUMBERS)));
    await until(() => reader.comments > 3);
    expect(reader.given).toEqual([]);
  });

  it('is one of a limited number, of one user and of all', async () => {
    const server = await serve({ maxStreamsPerUser: 1, maxStreams: 2 });
    const statusOf = async (who: string): Promise<number | undefined> => (await open(server, urlOf(NUMBERS), { who })).statusCode;
    expect([await statusOf('ada'), await statusOf('ada'), await statusOf('bob'), await statusOf('eve')]).toEqual([
      200, 503, 200, 503,
    ]);
    const { text } = await ask(server, { method: 'GET', path: '/metrics' });
    expect(text).toContain('mcp_daemon_streams{kind="graphql"} 2');
  });

  it('ends when its caller loses access', async () => {
    const revoked = new Set<string>();
    const server = await serve({ http: { auth: headerAuth(revoked) } });
    const readers = await Promise.all(
      ['eve', 'bob'].map(async (who) => new Reader(await open(server, urlOf(NUMBERS), { who: `${who}:user` }))),
    );
    await until(() => server.world.begun === 2);
    revoked.add('eve');
    await until(() => readers[0]!.over);
    expect([eventsOf(readers[0]!), readers[1]!.over]).toEqual([[], false]);
    await until(() => server.world.ended === 1);
  });

  it('ends after its time, without its last event, so that its client connects again', async () => {
    const server = await serve({ maxStreamMs: 50 });
    const reader = new Reader(await open(server, urlOf(NUMBERS)));
    await until(() => reader.over);
    expect(reader.given).toEqual([]);
    await until(() => server.world.ended === 1);
  });

  it('ends at once when the server closes', async () => {
    const server = await serve();
    const reader = new Reader(await open(server, urlOf(NUMBERS)));
    await until(() => server.world.begun === 1);
    await server.close({ drainMs: 1_000_000 });
    await until(() => reader.over);
  });

  it('is closed when its client stops reading', async () => {
    const server = await serve({ maxUnreadBytes: 100_000 });
    const socket = connect(server.port, '127.0.0.1');
    atEnd(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.pause();
    const path = urlOf('subscription { texts(length: 50000) }');
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`);
    await until(() => server.world.begun === 1);
    await until(() => server.world.ended === 1);
    expect((await ask(server, { body: { query: '{ hello }' } })).status).toBe(200);
  });

  it('leaves nothing behind when many clients leave at any moment', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    atEnd(() => process.off('unhandledRejection', note));
    const server = await serve();
    for (let count = 0; count < 60; count += 1) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      const path = urlOf(count % 2 === 0 ? NUMBERS : 'subscription { texts(length: 5000) }');
      socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`);
      // Before the server has the request, in the middle, and after the stream has begun.
      const { begun } = server.world;
      if (count % 3 === 2) await until(() => server.world.begun > begun);
      for (let turn = 0; turn < count % 10; turn += 1) await new Promise(setImmediate);
      socket.resetAndDestroy();
    }
    const streams = async (): Promise<string> => (await ask(server, { method: 'GET', path: '/metrics' })).text;
    await until(async () => (await streams()).includes('mcp_daemon_streams{kind="graphql"} 0'));
    await until(() => server.world.begun === server.world.ended);
    expect(server.world.begun).toBeGreaterThanOrEqual(20);
    expect(unhandled).toEqual([]);
  });
});
