/** Queries and mutations over HTTP: what is answered, what is refused, and what ends an operation. */
import { connect } from 'node:net';

import { jest } from '@jest/globals';
import { DaemonError } from '@mcp-daemon/core';
import type { ListSessions } from '@mcp-daemon/express';

import { atEnd, initialize, JSON_HEADERS, stopClock, until } from '../support.js';
import { ask, headerAuth, serve } from './support.js';

const HELLO = '{ hello }';
const HELLO_ANSWER = { data: { hello: 'Hello, you!' } };
const TIMES = { createdAt: expect.any(Number), lastUsedAt: expect.any(Number) };
const codesOf = ({ json }: Awaited<ReturnType<typeof ask>>): unknown[] =>
  (json.errors ?? []).map(({ extensions }) => extensions?.code);

describe('a GraphQL operation', () => {
  it('is answered at all of its paths', async () => {
    const server = await serve();
    const query = '{ caller { partition subject role } }';
    for (const [path, partition] of [
      ['/graphql', 'default'],
      ['/graphql/', 'default'],
      ['/alpha/graphql', 'alpha'],
      ['/alpha/mcp_core_graphql', 'alpha'],
    ] as const) {
      const { status, json } = await ask(server, { path, body: { query }, headers: { who: `bob:viewer:${partition}` } });
      expect([path, status, json]).toEqual([path, 200, { data: { caller: { partition, subject: 'bob', role: 'viewer' } } }]);
    }
    expect((await ask(server, { path: '/mcp_core_graphql', body: { query } })).status).toBe(404);
  });

  it('has variables, and the name of one of the operations in its document', async () => {
    const server = await serve();
    const query = 'query A($name: String) { hello(name: $name) } query B { hello(name: "Bea") }';
    const variables = { name: 'Ann' };
    const data = { data: { hello: 'Hello, Ann!' } };
    expect((await ask(server, { body: { query, variables, operationName: 'A' } })).json).toEqual(data);
    // As clients of the Python engine write it.
    expect((await ask(server, { body: { query, variables, operation_name: 'A' } })).json).toEqual(data);
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables), operationName: 'A' });
    expect((await ask(server, { method: 'GET', path: `/graphql?${search}` })).json).toEqual(data);
    expect((await ask(server, { body: { query, operationName: null } })).json.errors?.[0]?.message).toBe(
      'There is no such operation.',
    );
  });

  it('is prepared by the API, which keeps documents', async () => {
    const server = await serve();
    for (let count = 0; count < 5; count += 1) expect((await ask(server, { body: { query: HELLO } })).json).toEqual(HELLO_ANSWER);
    expect([server.world.parsed, server.loads()]).toEqual([1, 1]);
  });

  it('has errors of resolvers beside its data, with their codes', async () => {
    const { status, json } = await ask(await serve(), { body: { query: '{ hello fail }' } });
    expect(status).toBe(200);
    expect(json).toMatchObject({ data: { hello: 'Hello, you!', fail: null }, errors: [{ extensions: { code: 'TEST' } }] });
  });

  it.each([
    ['application/json', 200, 'application/json; charset=utf-8'],
    ['application/graphql-response+json', 400, 'application/graphql-response+json; charset=utf-8'],
    ['*/*', 200, 'application/json; charset=utf-8'],
  ])('that is not valid is answered with its mistakes, for Accept: %s', async (accept, status, type) => {
    const server = await serve();
    for (const query of ['{ nothing }', '{', 'query($a: Int!) { text(length: $a) }']) {
      const answer = await ask(server, { body: { query }, headers: { accept } });
      expect([query, answer.status, answer.headers.get('content-type')]).toEqual([query, status, type]);
      expect(answer.json).toEqual({ errors: [expect.objectContaining({ message: expect.any(String) })] });
    }
  });

  it('is never kept by a cache, and the answer says that it depends on Accept', async () => {
    const server = await serve();
    for (const asked of [{ body: { query: HELLO } }, { method: 'PUT' }, { method: 'GET', path: '/graphql?query={hello}' }]) {
      const { headers } = await ask(server, asked);
      expect([headers.get('cache-control'), headers.get('vary'), headers.get('x-content-type-options')]).toEqual([
        'no-store',
        'Accept',
        'nosniff',
      ]);
      expect(headers.get('x-request-id')).toMatch(/./);
    }
  });
});

describe('a mutation', () => {
  const query = 'mutation { set(value: "new") }';

  it('is made by POST alone', async () => {
    const server = await serve();
    const refused = await ask(server, { method: 'GET', path: `/graphql?query=${encodeURIComponent(query)}` });
    expect([refused.status, refused.headers.get('allow'), codesOf(refused)]).toEqual([405, 'POST', ['METHOD_NOT_ALLOWED']]);
    const stream = { accept: 'text/event-stream' };
    expect(
      (await ask(server, { method: 'GET', path: `/graphql?query=${encodeURIComponent(query)}`, headers: stream })).status,
    ).toBe(405);
    expect(server.world.value).toBe('');
    expect((await ask(server, { body: { query } })).json).toEqual({ data: { set: 'new' } });
    expect(server.world.value).toBe('new');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/graphql', ''])(
    'needs a content type that a form of a web page cannot send: %s is refused',
    async (type) => {
      const server = await serve();
      const answer = await ask(server, { body: JSON.stringify({ query }), headers: { 'content-type': type } });
      expect([answer.status, codesOf(answer)]).toEqual([415, ['UNSUPPORTED_MEDIA_TYPE']]);
      expect(server.world.value).toBe('');
    },
  );

  it('of a web page of another origin is refused', async () => {
    const server = await serve();
    const answer = await ask(server, { body: { query }, headers: { origin: 'https://evil.example' } });
    expect([answer.status, codesOf(answer)]).toEqual([403, ['FORBIDDEN']]);
    expect(server.world.value).toBe('');
  });
});

describe('a request that is refused', () => {
  it.each([
    ['a batch', { body: [{ query: HELLO }] }, 400, 'BAD_REQUEST', /batch/i],
    ['a text that is not JSON', { body: '{"query":' }, 400, 'BAD_REQUEST', /JSON object/],
    ['JSON in a text', { body: JSON.stringify(JSON.stringify({ query: HELLO })) }, 400, 'BAD_REQUEST', /JSON object/],
    ['a number', { body: '0' }, 400, 'BAD_REQUEST', /JSON object/],
    ['an empty body', { body: '' }, 400, 'BAD_REQUEST', /JSON object/],
    [
      'nesting',
      { body: `{"query":"{hello}","variables":${'['.repeat(9_000)}${']'.repeat(9_000)}}` },
      400,
      'BAD_REQUEST',
      /nested/,
    ],
    ['many values', { body: `{"query":"{hello}","variables":{"a":[${'0,'.repeat(300_000)}0]}}` }, 400, 'BAD_REQUEST', /values/],
    ['a large body', { body: JSON.stringify({ query: 'x'.repeat(4_100_000) }) }, 413, 'LIMIT_EXCEEDED', /at most/],
    ['a compressed body', { body: '{}', headers: { 'content-encoding': 'gzip' } }, 415, 'UNSUPPORTED_MEDIA_TYPE', /compressed/],
    ['no token', { body: { query: HELLO }, headers: { who: 'nobody' } }, 401, 'UNAUTHENTICATED', /Who/],
    ['no role', { body: { query: HELLO }, headers: { who: 'ada:' } }, 403, 'FORBIDDEN', /roles/],
    ['an unknown role', { body: { query: HELLO }, headers: { who: 'ada:gardener' } }, 403, 'FORBIDDEN', /roles/],
    ['another method', { method: 'DELETE' }, 405, 'METHOD_NOT_ALLOWED', /POST/],
    ['another media type', { body: { query: HELLO }, headers: { accept: 'image/png' } }, 406, 'NOT_ACCEPTABLE', /./],
    [
      'a subscription without a stream',
      { body: { query: 'subscription { count(to: 1) }' } },
      406,
      'NOT_ACCEPTABLE',
      /event-stream/,
    ],
  ] as const)('says why: %s', async (_what, asked, status, code, message) => {
    const answer = await ask(await serve(), asked);
    expect([answer.status, codesOf(answer)]).toEqual([status, [code]]);
    expect(answer.json.errors?.[0]?.message).toMatch(message);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('is refused by graphql-http with status 400: parameters of a wrong type', async () => {
    const server = await serve();
    for (const body of [
      {},
      { query: 1 },
      { query: HELLO, variables: [] },
      { query: HELLO, variables: 'x' },
      { query: HELLO, operationName: 1 },
    ])
      expect([body, (await ask(server, { body })).status]).toEqual([body, 400]);
    expect((await ask(server, { method: 'GET', path: '/graphql?query={hello}&variables=%7B' })).status).toBe(400);
    expect((await ask(server, { method: 'GET', path: '/graphql' })).status).toBe(400);
  });

  it('has an answer of the API in place of a stack trace, where the API throws', async () => {
    const logged: unknown[] = [];
    const logger = { info: () => undefined, error: (fields: object) => void logged.push(fields) };
    const broken = {
      prepare: () => ({ document: {}, kind: 'query' as const }),
      execute: () => Promise.reject(new TypeError('a secret reason')),
      subscribe: () => Promise.reject(new TypeError('a secret reason')),
    };
    const server = await serve({ http: { logger }, load: () => Promise.resolve(broken) });
    const answer = await ask(server, { body: { query: HELLO } });
    expect([answer.status, answer.json]).toEqual([
      500,
      { errors: [{ message: 'Internal error', extensions: { code: 'INTERNAL_ERROR' } }] },
    ]);
    expect(JSON.stringify(logged)).toContain('a secret reason');
  });

  it('is charged by its size', async () => {
    const server = await serve({ http: { rateLimit: 100 } });
    stopClock();
    const body = { query: HELLO, variables: { text: 'x'.repeat(700_000) } };
    await ask(server, { body });
    const answer = await ask(server, { body }); // the first one has used up what there was
    expect([answer.status, codesOf(answer), answer.headers.get('retry-after')]).toEqual([
      429,
      ['TOO_MANY_REQUESTS'],
      expect.stringMatching(/^\d+$/),
    ]);
  });
});

describe('the API', () => {
  it('is loaded by the first request, and again where loading has failed', async () => {
    let fails = true;
    const api = (await import('./support.js')).smallApi;
    const world = new (await import('./support.js')).World();
    const load = (): Promise<ReturnType<typeof api>> =>
      fails ? Promise.reject(new DaemonError('store_failed', 'no store')) : Promise.resolve(api(world));
    const server = await serve({ load });
    await ask(server, { method: 'PUT' });
    expect(server.loads()).toBe(0);
    expect((await ask(server, { body: { query: HELLO } })).status).toBe(500);
    fails = false;
    expect((await ask(server, { body: { query: HELLO } })).json).toEqual(HELLO_ANSWER);
    await ask(server, { body: { query: HELLO } });
    expect(server.loads()).toBe(2);
  });

  it('learns which sessions of a partition are open, but not their ids', async () => {
    const { smallApi, World } = await import('./support.js');
    let sessions: ListSessions = () => [];
    const server = await serve({
      load: (here) => {
        sessions = here.sessions;
        return Promise.resolve(smallApi(new World()));
      },
    });
    await ask(server, { body: { query: HELLO } });
    expect(sessions('default')).toEqual([]);
    const before = Date.now();
    const mcp = `${server.url}/mcp`;
    const ann = { ...JSON_HEADERS, who: 'ann:user' };
    const opened = await fetch(mcp, { method: 'POST', headers: ann, body: JSON.stringify(initialize()) });
    const id = opened.headers.get('mcp-session-id') ?? '';
    const leave = new AbortController();
    atEnd(() => leave.abort());
    await fetch(`${server.url}/sse`, { headers: { who: 'bob:user', accept: 'text/event-stream' }, signal: leave.signal });
    expect(sessions('default')).toEqual([
      {
        ...{ id: expect.stringMatching(/^[0-9a-f]{12}$/), subject: 'ann', transport: 'streamable-http' },
        ...TIMES,
        client: 'test/1',
      },
      { ...{ id: expect.stringMatching(/^[0-9a-f]{12}$/), subject: 'bob', transport: 'http+sse' }, ...TIMES, client: null },
    ]);
    const [session] = sessions('default');
    expect(id).not.toBe('');
    expect(id.replaceAll('-', '')).not.toContain(session?.id);
    expect(session?.createdAt).toBeGreaterThanOrEqual(before - 1);
    expect(sessions('alpha')).toEqual([]);
    await fetch(mcp, { method: 'DELETE', headers: { ...ann, 'mcp-session-id': id } });
    expect(sessions('default')).toMatchObject([{ subject: 'bob' }]);
  });

  it('is not served where there is none', async () => {
    const server = await serve({ http: { graphql: undefined } });
    expect((await ask(server, { body: { query: HELLO } })).status).toBe(404);
    const openapi = (await ask(server, { method: 'GET', path: '/openapi.json' })).text;
    expect(openapi).not.toMatch(/graphql/i);
  });
});

describe('a running operation', () => {
  const WAIT = { body: { query: '{ wait }' } };

  it('ends when it takes too long', async () => {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    atEnd(() => timers.mockRestore());
    const server = await serve({ timeoutMs: 54_321 });
    const asked = ask(server, WAIT);
    await until(() => server.world.signals.length === 1);
    (timers.mock.calls.find(([, ms]) => ms === 54_321)?.[0] as () => void)();
    const answer = await asked;
    expect([answer.status, codesOf(answer)]).toEqual([504, ['TIMEOUT']]);
    expect(answer.json.errors?.[0]?.message).toBe('The operation took longer than 54.321 s.');
    expect(server.world.signals[0]?.aborted).toBe(true);
  });

  it('ends when its client leaves', async () => {
    const server = await serve();
    const leaving = new AbortController();
    const answer = ask(server, { ...WAIT, signal: leaving.signal }).catch((error: unknown) => error);
    await until(() => server.world.signals.length === 1);
    expect(server.world.signals[0]?.aborted).toBe(false);
    leaving.abort();
    await until(() => server.world.signals[0]?.aborted === true);
    expect(await answer).toMatchObject({ name: 'AbortError' });
    expect((await ask(server, { body: { query: HELLO } })).json).toEqual(HELLO_ANSWER);
  });

  it('ends when its caller loses access', async () => {
    const revoked = new Set<string>();
    const server = await serve({ http: { auth: headerAuth(revoked) } });
    const answer = ask(server, { ...WAIT, headers: { who: 'eve:user' } });
    await until(() => server.world.signals.length === 1);
    revoked.add('eve');
    const { status, json } = await answer;
    expect([status, json.errors?.[0]?.extensions?.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('ends when the server closes, after the time that it waits', async () => {
    const server = await serve();
    const answer = ask(server, WAIT);
    await until(() => server.world.signals.length === 1);
    await server.close({ drainMs: 20 });
    expect((await answer).status).toBe(503);
    expect(server.world.signals[0]?.aborted).toBe(true);
  });

  it('is one of a limited number of the same user', async () => {
    const server = await serve({ maxRunningPerUser: 2 });
    const leaving = new AbortController();
    const waiting = [1, 2].map(() => ask(server, { ...WAIT, signal: leaving.signal }).catch(() => undefined));
    await until(() => server.world.signals.length === 2);
    const refused = await ask(server, { body: { query: HELLO } });
    expect([refused.status, codesOf(refused)]).toEqual([429, ['TOO_MANY_REQUESTS']]);
    expect((await ask(server, { body: { query: HELLO }, headers: { who: 'bob' } })).status).toBe(200);
    leaving.abort();
    await Promise.all(waiting);
    await until(() => server.world.signals.every(({ aborted }) => aborted));
    expect((await ask(server, { body: { query: HELLO } })).status).toBe(200);
  });

  it('has an answer that counts while its client does not read it', async () => {
    const server = await serve({ http: { maxHeldBytesPerUser: 30_000_000 } });
    const query = '{ text(length: 20000000) }';
    const body = JSON.stringify({ query });
    const socket = connect(server.port, '127.0.0.1');
    atEnd(() => socket.destroy());
    socket.pause();
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    let refused = await ask(server, { body: { query } });
    await until(async () => refused.status !== 200 || ((refused = await ask(server, { body: { query } })), false), 'a refusal');
    expect([refused.status, codesOf(refused)]).toEqual([503, ['UNAVAILABLE']]);
    socket.destroy();
    const free = async (): Promise<boolean> => (await ask(server, { body: { query } })).status === 200;
    await until(free, 'room for the next answer');
  });
});

describe('the metrics and the access log', () => {
  it('name the route, the kind and the name of the operation', async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = { info: (fields: object) => void lines.push({ ...fields }), error: () => undefined };
    const server = await serve({ http: { logger, accessLog: true } });
    await ask(server, { body: { query: 'query Greeting { hello }', operationName: 'Greeting' }, headers: { who: 'bob:user' } });
    await until(() => lines.length === 1);
    expect(lines[0]).toMatchObject({ path: '/graphql', rpc: 'query', name: 'Greeting', subject: 'bob', partition: 'default' });
    const { text } = await ask(server, { method: 'GET', path: '/metrics' });
    expect(text).toContain('mcp_daemon_http_requests_total{route="graphql",method="POST",status="200"} 1');
    expect(text).toContain('mcp_daemon_streams{kind="graphql"} 0');
  });
});
