/** The requests of the console, and what it makes of answers that a server should not give, or gives seldom. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { listSessions, listSettings, readHealth } from '../../src/api/administration.js';
import { listCalls, readCall } from '../../src/api/calls.js';
import { contentsOf, readCode } from '../../src/api/catalog.js';
import { watch } from '../../src/api/events.js';
import { Failure, failureOf, kindOfStatus, refusalOf } from '../../src/api/failure.js';
import { query } from '../../src/api/graphql.js';
import { logIn, whoAmI } from '../../src/api/login.js';
import { listAll, rpc } from '../../src/api/mcp.js';
import { applyConfig, listRevisions, planConfig, readRevision, readWayBack, rollBack } from '../../src/api/revisions.js';
import { eventsOf } from '../../src/api/sse.js';
import { readStatistics } from '../../src/api/statistics.js';
import { NO_FILTER } from '../../src/pages/filter.js';

type Answer = (req: IncomingMessage, res: ServerResponse, body: string) => void;

const access = { partition: 'alpha#one', token: 'a token' };
const json = (status: number, body: unknown, type = 'application/json'): Answer => {
  return (_req, res) => void res.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
};
const streamOf = (...chunks: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

let answers: Answer[] = [];
const asked: { path: string; headers: IncomingMessage['headers']; body: string }[] = [];
const server = createServer((req, res) => {
  let body = '';
  req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  req.on('end', () => {
    asked.push({ path: req.url ?? '', headers: req.headers, body });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(req, res, body);
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(globalThis, { location: { origin, pathname: '/tools/console/' } });
});
beforeEach(() => {
  answers = [];
  asked.length = 0;
});
afterAll(async () => {
  Reflect.deleteProperty(globalThis, 'location');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a refusal', () => {
  it.each([
    [401, '{"error":"invalid_token","error_description":"It has expired."}', 'login', 'It has expired.', 'invalid_token'],
    [403, '{"errors":[{"message":"Not yours.","extensions":{"code":"FORBIDDEN"}}]}', 'forbidden', 'Not yours.', 'FORBIDDEN'],
    [400, '{"jsonrpc":"2.0","error":{"code":-32600,"message":"No partition."}}', 'refused', 'No partition.', undefined],
    [502, '<html>', 'broken', 'The server answered 502.', undefined],
    [404, '{"message":"Nothing here."}', 'missing', 'Nothing here.', undefined],
  ])('of status %i is read from %s', (status, body, kind, message, code) => {
    expect(refusalOf(status, body)).toMatchObject({ kind, message, code });
  });

  it('is any error, and keeps its kind', () => {
    const failure = new Failure('offline', 'x');
    expect(failureOf(failure)).toBe(failure);
    expect(failureOf('text')).toMatchObject({ kind: 'broken', message: 'text' });
    expect(kindOfStatus(429)).toBe('refused');
  });
});

describe('a request', () => {
  it('is for the partition and its part, with the token, below the path where the server is mounted', async () => {
    answers = [json(200, { data: { ok: true } })];
    expect(await query(access, '{ ok }')).toEqual({ ok: true });
    expect(asked).toMatchObject([
      { path: '/tools/alpha/graphql', headers: { 'part-id': 'one', authorization: 'Bearer a token' } },
    ]);
  });

  it('says what an error of GraphQL is, and that the API is turned off', async () => {
    const error = (code: string): object => ({ errors: [{ message: 'No.', extensions: { code, changes: [1] } }], data: null });
    answers = [json(200, error('STORE_FAILED'))];
    await expect(query(access, '{ a }')).rejects.toMatchObject({ kind: 'broken', code: 'STORE_FAILED', data: { changes: [1] } });
    answers = [json(200, error('CONFLICT'))];
    await expect(query(access, '{ a }')).rejects.toMatchObject({ kind: 'refused', message: 'No.' });
    answers = [json(401, error('UNAUTHENTICATED'), 'application/graphql-response+json')];
    await expect(query(access, '{ a }')).rejects.toMatchObject({ kind: 'login' });
    answers = [json(200, { errors: [null] })];
    await expect(query(access, '{ a }')).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('without') });
    answers = [json(404, {})];
    await expect(query(access, '{ a }')).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining('--no-graphql'),
    });
  });

  it('fails as offline where there is no answer, and is ended by its signal', async () => {
    answers = [(req) => req.socket.destroy()];
    await expect(query(access, '{ a }')).rejects.toMatchObject({ kind: 'offline' });
    const controller = new AbortController();
    answers = [() => controller.abort()];
    await expect(query(access, '{ a }', {}, controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('for calls sends the filters that are set, and the time that they mean', async () => {
    const list = { total: 2, totalIsExact: false, hasNextPage: true, endCursor: 'c', mcpFunctionCallList: [{ name: 'a' }, 7] };
    answers = [json(200, { data: { mcpFunctionCallList: list } })];
    const page = await listCalls(access, { ...NO_FILTER, status: 'failed', hours: '24' }, 'b', 50, new AbortController().signal);
    expect(page).toMatchObject({
      total: 2,
      totalIsExact: false,
      next: 'c',
      items: [{ name: 'a', status: '', createdAt: undefined }],
    });
    const { variables } = JSON.parse(asked[0]!.body) as { variables: Record<string, string> };
    expect(variables).toMatchObject({ status: 'failed', after: 'b', first: 50 });
    expect(Object.keys(variables).sort()).toEqual(['after', 'first', 'status', 'updatedAtGt']);
    expect(Date.now() - Date.parse(variables['updatedAtGt']!)).toBeGreaterThanOrEqual(24 * 3_600_000);
  });
});

describe('an answer of GraphQL in which everything is missing', () => {
  const { signal } = new AbortController();
  beforeEach(() => {
    answers = [json(200, { data: {} })];
  });

  it('leaves nothing but what is known without it', async () => {
    const none = { items: [], next: undefined };
    expect(await listSettings(access, undefined, signal)).toEqual(none);
    expect(await listSessions(access, signal)).toEqual([]);
    expect(await listRevisions(access, 'after', signal)).toEqual({
      ...none,
      catalog: { origin: 'NONE', revision: undefined, functions: 0, badRows: [], changedRows: [] },
    });
    expect(await readRevision(access, 'a', signal)).toBeUndefined();
    expect(await readWayBack(access, 'a', signal)).toEqual([]);
    expect(await readCall(access, 'a', signal)).toBeUndefined();
    expect(await readCode(access, 'a', signal)).toBeUndefined();
    expect(await planConfig(access, '{}', false)).toMatchObject({ base: null, revision: '', unchanged: false, changes: [] });
    const options = { merge: true, allowBreaking: false, parent: null, note: '' };
    expect(await applyConfig(access, '{}', options)).toBeUndefined();
    expect(await rollBack(access, 'a', 'why')).toBeUndefined();
    expect(await readHealth(access, false, signal)).toEqual({ store: '', servers: [] });
    const counts = { written: 0, waiting: 0, lost: 0, running: 0, connections: 0 };
    expect(await readHealth(access, true, signal)).toMatchObject({ counters: counts, cache: { isCached: false } });
    const statistics = await readStatistics(access, { by: 'DAY', since: 0, until: 1 }, signal);
    expect(statistics).toMatchObject({ groups: [], omitted: 0, total: { key: '', calls: 0, errors: 0 } });
  });

  it('leaves entries with what is there', async () => {
    const entry = { id: '1', revision: 'ab', isServed: true };
    answers = [
      json(200, { data: { catalog: { badRows: [{}], changedRows: [{ row: 'r' }] }, revisions: { revisionList: [entry] } } }),
    ];
    const { items, catalog } = await listRevisions(access, undefined, signal);
    expect(items).toMatchObject([{ ...entry, action: '', author: '', functions: 0, note: undefined }]);
    expect(catalog).toMatchObject({ badRows: [{ row: '', reason: '' }], changedRows: [{ row: 'r', kind: '' }] });
    answers = [json(200, { data: { mcpFunctionCall: { name: 'a', content: '1', createdAt: 'never' } } })];
    expect(await readCall(access, 'a', signal)).toMatchObject({
      ...{ name: 'a', partition: access.partition, arguments: { state: 'NONE' }, result: { value: '1', state: 'NONE' } },
      ...{ createdAt: undefined, inBlobStore: false, isKnown: false },
    });
    answers = [json(200, { data: { plan: { changes: [{}], breaking: [{ breaking: 'b' }], settings: [{}] } } })];
    expect(await planConfig(access, '{}', true)).toMatchObject({
      changes: [{ kind: '', path: '', before: undefined, breaking: undefined }],
      ...{ breaking: [{ breaking: 'b' }], settings: [{ id: '', kind: '' }] },
    });
  });
});

describe('a login', () => {
  it('gives a token, or says what the server says', async () => {
    answers = [json(200, { access_token: 't' })];
    expect(await logIn('ann', 'p')).toBe('t');
    answers = [json(200, {})];
    await expect(logIn('ann', 'p')).rejects.toMatchObject({ kind: 'broken' });
    answers = [json(403, { error: 'NEW_PASSWORD_REQUIRED', error_description: 'Set a new password first.' })];
    await expect(logIn('ann', 'p')).rejects.toMatchObject({ kind: 'forbidden', message: 'Set a new password first.' });
  });

  it('knows who the user is, where the server says so', async () => {
    answers = [json(200, { username: 'ann', roles: ['user', 7], partitions: ['alpha'], exp: 2 })];
    expect(await whoAmI('t')).toEqual({ username: 'ann', roles: ['user'], partitions: ['alpha'], expires: 2_000 });
    answers = [json(404, {})];
    expect(await whoAmI(undefined)).toBeUndefined();
  });
});

describe('a request of MCP', () => {
  const rpcAnswer = (message: object): Answer => json(200, { jsonrpc: '2.0', id: 1, ...message });

  it('gives the result, or throws the error that the server sends', async () => {
    answers = [rpcAnswer({ result: { ok: true } })];
    expect(await rpc(access, 'tools/call', { name: 'é' })).toEqual({ ok: true });
    expect(asked[0]!.headers).toMatchObject({ 'mcp-method': 'tools/call', 'mcp-name': '=?base64?w6k=?=' });
    answers = [json(400, { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Wrong.', data: [1] } })];
    await expect(rpc(access, 'x', {})).rejects.toMatchObject({ name: 'RpcError', code: -32602, message: 'Wrong.', data: [1] });
    answers = [json(200, 'text')];
    await expect(rpc(access, 'x', {})).rejects.toMatchObject({ kind: 'broken' });
    answers = [json(404, {})];
    await expect(rpc(access, 'x', {})).rejects.toMatchObject({ kind: 'missing' });
  });

  it('passes on notifications of a stream, and notes a stream that ends too early', async () => {
    const stream = (...events: string[]): Answer => {
      return (_req, res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''));
    };
    const progress = 'data: {"method":"notifications/progress","params":{"progress":1}}\n\n';
    const notes: string[] = [];
    answers = [stream(progress, 'data: not JSON\n\n', 'data: {"id":1,"result":{"a":1}}\n\n')];
    const onNotification = (method: string): number => notes.push(method);
    expect(await rpc(access, 'x', {}, { onNotification })).toEqual({ a: 1 });
    expect(notes).toEqual(['notifications/progress']);
    answers = [stream(progress)];
    await expect(rpc(access, 'x', {})).rejects.toMatchObject({ kind: 'offline' });
  });

  it('reads a list to its last page', async () => {
    answers = [
      rpcAnswer({ result: { tools: [{ name: 'a' }, 1], nextCursor: 'c' } }),
      rpcAnswer({ result: { tools: [{ name: 'b' }] } }),
    ];
    expect(await listAll(access, 'tools/list', 'tools')).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(asked[1]!.body).toContain('"cursor":"c"');
  });

  it('has contents for a model in any result', () => {
    expect(contentsOf('tools/call', { content: [{ type: 'text' }] })).toEqual([{ type: 'text' }]);
    expect(contentsOf('resources/read', { contents: [{ uri: 'a' }] })).toEqual([{ type: 'resource', resource: { uri: 'a' } }]);
    const message = { role: 'user', content: { type: 'text', text: 'x' } };
    expect(contentsOf('prompts/get', { messages: [message] })).toEqual([{ type: 'text', text: 'x', role: 'user' }]);
    expect(contentsOf('tools/call', { content: 'x' })).toEqual([]);
  });
});

describe('a stream of events', () => {
  it('is read by lines, wherever its chunks begin and end', async () => {
    const events = [];
    const chunks = [': hi\nid: 7\nda', 'ta: one\ndata:two\r', '\n\r\nevent: x\ndata\n\n', 'data: not ended\n'];
    for await (const event of eventsOf(streamOf(...chunks))) events.push(event);
    expect(events).toEqual([
      { type: 'message', data: 'one\ntwo', id: '7' },
      { type: 'x', data: '', id: '7' },
    ]);
  });

  it('goes on after the last event when it was lost, and ends when the token is refused', async () => {
    const states: unknown[] = [];
    const events: string[] = [];
    const ready = 'data: {"type":"ready"}\n\n';
    answers = [
      (_req, res) => void res.writeHead(200).end(`${ready}id: 5\ndata: {"type":"call_started"}\n\ndata: [1]\n\n`),
      (_req, res) => void res.writeHead(200).end(`${ready}id: 6\ndata: {"type":"gap"}\n\n`),
      json(401, { error_description: 'Expired.' }),
    ];
    await watch(
      access,
      {
        onEvent: ({ type }) => events.push(type),
        onState: (state) => states.push(state instanceof Failure ? state.kind : state),
      },
      new AbortController().signal,
    );
    expect(events).toEqual(['call_started', 'gap']);
    expect(states).toEqual(['connecting', 'live', 'lost', 'live', 'lost', 'login']);
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '5', '6']);
  });

  it('is not made again once nobody watches', async () => {
    const controller = new AbortController();
    answers = [(req) => (controller.abort(), req.socket.destroy())];
    await watch(access, { onEvent: () => undefined, onState: () => undefined }, controller.signal);
    expect(asked).toHaveLength(1);
  });
});
