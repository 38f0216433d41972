/**
 * Random requests. The server must stay alive, answer or close the connection, have no internal errors, reveal no secrets and leak no
 * memory. `FUZZ_SECONDS` sets the duration.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import fc from 'fast-check';

import { HASH, localAuth, PASSWORD, SECRET } from '../auth/support.js';
import { call, echo, initialize, JSON_HEADERS, message, META, modern, openSession, tool, until } from '../support.js';
import { ADMIN, bearerOf, expectServed, openServer, SESSIONS, STATIC, untilGauge, Wire } from './support.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 5);

const PATHS = [
  ...['/mcp', '/alpha/mcp', '/sse', '/jsonrpc/sse', '/messages?sessionId=x', '/events', '/alpha/events', '/events?ticket=x'],
  ...[
    '/events/ticket',
    '/auth/login',
    '/auth/token',
    '/me',
    '/health',
    '/ready',
    '/metrics',
    '/openapi.json',
    '/docs',
    '/redoc/',
  ],
  ...['/docs/assets/x.js', '/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/alpha/mcp', '/', '*'],
  ...['http://localhost/mcp', 'http://[', '//mcp', '/%/mcp', '/%2e%2e/mcp', '/__proto__/events', '/mcp?x=%ff#y'],
];
const METHODS = ['GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'TRACE', 'QUERY', 'CONNECT', 'BREW'];
const ODD = [
  ...[
    '',
    ' ',
    '\t',
    '0',
    '-1',
    '1e9',
    'null',
    '__proto__',
    'constructor',
    '"',
    '\\',
    '%00',
    '\x80\xff',
    ',',
    ';',
    ';q=',
    '*',
    '*/*',
  ],
  ...[
    'gzip',
    'chunked',
    'a#b',
    '../..',
    '<script>',
    '${x}',
    '9'.repeat(40),
    'x'.repeat(3_000),
    '2026-07-28',
    '2025-11-25',
    '1-1',
    '0-99',
  ],
  ...[
    'text/event-stream',
    'application/json',
    'application/x-www-form-urlencoded',
    'http://localhost:1',
    'https://evil.example',
    'Bearer',
  ],
  ...[
    '=?base64?eA==?=',
    'tools/call',
    'echo',
    '00-' + 'a'.repeat(32) + '-' + 'b'.repeat(16) + '-01',
    '100-continue',
    'websocket',
    'close',
  ],
];
const NAMES = [
  ...[
    'accept',
    'content-type',
    'content-encoding',
    'mcp-session-id',
    'mcp-protocol-version',
    'mcp-method',
    'mcp-name',
    'mcp-param-text',
  ],
  ...[
    'last-event-id',
    'part-id',
    'origin',
    'host',
    'x-request-id',
    'x-forwarded-for',
    'traceparent',
    'expect',
    'upgrade',
    'connection',
  ],
  ...[
    'access-control-request-method',
    'access-control-request-headers',
    'if-none-match',
    'accept-encoding',
    'range',
    'te',
    'cookie',
  ],
];

const odd = fc.oneof(fc.constantFrom(...ODD), fc.string({ unit: 'grapheme-ascii', maxLength: 12 }));
const json = fc.jsonValue({ maxDepth: 4 });

const messages: unknown[] = [
  initialize(),
  initialize('2025-03-26'),
  initialize('1999-01-01'),
  message('notifications/initialized'),
  message('ping', {}, 'x'),
  message('tools/list', {}, 1),
  message('tools/list', { _meta: META }, 1),
  message('subscriptions/listen', { _meta: META, notifications: { toolsListChanged: true } }, 2),
  message('server/discover', { _meta: META }, 3),
  message('notifications/cancelled', { requestId: 1 }),
  message('completion/complete', { _meta: META, ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: '' } }, 4),
  message('resources/read', { _meta: META, uri: 'file:///etc/passwd' }, 5),
  call('echo', { text: 'hi' }, 6),
  call('echo', { text: 'hi' }, 7, META),
  call('progress', {}, 8, META),
  call('__proto__', {}, 9, META),
  [call('echo', {}, 10), message('ping', {}, 11), 1, []],
  modern('tools/call', { name: 'echo', arguments: { text: 'x' } }).body,
  { jsonrpc: '2.0', id: 1, result: {} },
  { username: 'ann', password: 'wrong' },
];

/** A message, a changed message, or a random value. */
const body = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...messages).map((value) => JSON.stringify(value)) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom(...messages), fc.nat(), json).map(([value, at, other]) => {
      const text = JSON.stringify(value);
      const parts = [...text.matchAll(/"[^"]*"|\d+|\{\}|\[\]/g)];
      const part = parts[at % Math.max(1, parts.length)];
      return part === undefined
        ? text
        : text.slice(0, part.index) + JSON.stringify(other) + text.slice(part.index + part[0].length);
    }),
  },
  { weight: 2, arbitrary: json.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('username=ann&password=x', 'username=ann&username=b', '\xff\xfe', '['.repeat(5_000), ''),
  },
);

type Framing = 'right' | 'chunked' | 'none' | 'short' | 'long' | 'both';
const framing = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Framing>('right') },
  { weight: 2, arbitrary: fc.constantFrom<Framing>('chunked', 'none', 'short', 'long', 'both') },
);

function framed(text: string, how: Framing): string {
  const chunked = `${text.length.toString(16)}\r\n${text}\r\n${text === '' ? '' : '0\r\n\r\n'}`;
  if (how === 'chunked') return `Transfer-Encoding: chunked\r\n\r\n${chunked}`;
  if (how === 'both') return `Transfer-Encoding: chunked\r\nContent-Length: ${text.length}\r\n\r\n${chunked}`;
  if (how === 'none') return `\r\n${text}`;
  return `Content-Length: ${Math.max(0, text.length + { right: 0, short: -3, long: 3 }[how])}\r\n\r\n${text}`;
}

/** Random replacements in the text of a request. The token is not changed. */
const damage = fc.option(fc.record({ at: fc.nat(), cut: fc.nat(8), put: fc.string({ unit: 'binary-ascii', maxLength: 4 }) }), {
  freq: 6,
});

const plainHeaders = fc.constantFrom(
  { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { accept: 'text/event-stream' },
  {},
);

const anyRequest = fc.record({
  method: fc.oneof({ weight: 3, arbitrary: fc.constant('POST') }, { weight: 3, arbitrary: fc.constantFrom(...METHODS) }),
  path: fc.oneof(
    { weight: 4, arbitrary: fc.constant('/mcp') },
    { weight: 6, arbitrary: fc.constantFrom(...PATHS) },
    { weight: 1, arbitrary: fc.webPath() },
    { weight: 1, arbitrary: odd.map((text) => `/${text}/mcp`) },
  ),
  who: fc.nat(4),
  inSession: fc.boolean(),
  headers: plainHeaders,
  more: fc.array(fc.tuple(fc.constantFrom(...NAMES), odd), { maxLength: 3 }),
  body,
  framing,
  damage,
});
/** A valid request, before the changes. */
const goodRequest = fc
  .record({
    sent: fc.oneof(
      fc
        .constantFrom(
          modern('tools/list'),
          modern('tools/call', { name: 'echo', arguments: { text: 'x' } }),
          modern('tools/call', { name: 'progress' }),
          modern('server/discover'),
          modern('subscriptions/listen', { notifications: { toolsListChanged: true } }),
        )
        .map(({ headers, body: said }) => ({ inSession: false, headers, body: said as unknown })),
      fc.constantFrom(...messages).map((said) => ({ inSession: true, headers: {}, body: said })),
    ),
    more: fc.array(fc.tuple(fc.constantFrom(...NAMES), odd), { maxLength: 1 }),
    framing,
    damage,
  })
  .map(({ sent, ...rest }) => ({
    ...{ method: 'POST', path: '/mcp', who: 1, inSession: sent.inSession },
    headers: { ...JSON_HEADERS, ...sent.headers },
    body: JSON.stringify(sent.body),
    ...rest,
  }));

const oneRequest = fc.oneof(anyRequest, goodRequest);
type OneRequest = typeof oneRequest extends fc.Arbitrary<infer T> ? T : never;

it(
  'a server survives random requests: it answers or closes the connection, and reveals no secrets',
  async () => {
    const progress = tool('progress', (_args, context) => {
      context.progress(1, 2);
      return 'done';
    });
    const auth = await localAuth({ adminStaticToken: STATIC, adminPassword: 'admin-password-of-the-tests' });
    const bounds = { maxSessions: 50, sessionIdleMs: 1_000, maxBodyBytes: 100_000 };
    const server = await openServer({ auth, ...bounds, headersTimeoutMs: 5_000, requestTimeoutMs: 5_000 }, [echo, progress]);
    const users = [
      {},
      ADMIN,
      await bearerOf({}),
      await bearerOf({ sub: 'eve', roles: ['viewer'] }),
      { authorization: 'Bearer a.b.c' },
    ];
    const forbidden = new RegExp(
      [/node:internal|\.[jt]s:\d+|node_modules|\bat \w+ \(/.source, SECRET, PASSWORD, 'admin-password', STATIC].join('|') +
        `|${HASH.replace(/[.$/]/g, '\\$&')}`,
    );
    let session: Record<string, string> = {};
    let runs = 0;
    const statuses = new Map<number, number>();

    function written({
      method,
      path,
      who,
      inSession,
      headers,
      more,
      body: text,
      framing: how,
      damage: harm,
    }: OneRequest): string {
      const said = { ...headers, ...(inSession ? session : {}), ...users[who] } as Record<string, string>;
      // Changes are before or after the token: if the token became part of the path, it would be in the log.
      const { authorization, ...rest } = said;
      const first = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization === undefined ? '' : `Authorization: ${authorization}\r\n`}`;
      let last = [...Object.entries(rest), ...more].map(([name, value]) => `${name}: ${value}\r\n`).join('') + framed(text, how);
      if (harm !== null) {
        const at = harm.at % (last.length + 1);
        last = last.slice(0, at) + harm.put + last.slice(at + harm.cut);
      }
      return first + last;
    }

    async function tryOut(requests: readonly OneRequest[]): Promise<void> {
      const wire = new Wire(server.port).write(requests.map(written).join(''));
      const whole = requests[0]?.damage === null && (requests[0].framing === 'right' || requests[0].framing === 'chunked');
      const answered = (): boolean => wire.closed || wire.received.includes('\r\n\r\n');
      if (whole && requests[0]?.body !== '') await until(answered);
      else for (let turn = 0; turn < 10 && !answered(); turn += 1) await new Promise(setImmediate);
      wire.socket.end();
      await wire.ended();
      for (const status of wire.statuses) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 500 && status !== 503) throw new Error(`status ${status}: ${wire.received}`);
      }
      if (forbidden.test(wire.received)) throw new Error(`revealed: ${wire.received}`);
    }

    async function explore(seconds: number): Promise<void> {
      const property = fc.asyncProperty(
        fc.array(fc.array(oneRequest, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
        async (all) => {
          if (runs % 50 === 0) {
            await expectServed(server);
            session = await openSession(server, '2025-11-25', {}, ADMIN);
          }
          runs += 1;
          await Promise.all(all.map(tryOut));
          for (const { level, fields, message: said } of server.log.splice(0)) {
            if (level === 'error') throw new Error(`${said}: ${JSON.stringify(fields)}`);
            if (forbidden.test(JSON.stringify(fields))) throw new Error(`logged: ${JSON.stringify(fields)}`);
          }
        },
      );
      await fc.assert(property, { numRuns: 10_000_000, interruptAfterTimeLimit: seconds * 1_000 });
    }

    const held = async (): Promise<number> => {
      await untilGauge(server, SESSIONS, 0); // idle ones end
      collect();
      return process.memoryUsage().heapUsed;
    };
    await explore(SECONDS / 3);
    const before = await held();
    const seen = runs;
    await explore((SECONDS * 2) / 3);
    const more = (await held()) - before;
    await expectServed(server);
    if (SECONDS > 10)
      process.stderr.write(
        `${JSON.stringify({ runs, heap_mb: Math.round(more / 1e4) / 100, statuses: Object.fromEntries(statuses) })}\n`,
      );
    expect(runs).toBeGreaterThan(seen);
    // Some requests must have reached the handlers.
    for (const status of [200, 202, 400, 401, 404, 405]) expect([status, statuses.has(status)]).toEqual([status, true]);
    expect(more).toBeLessThan(15_000_000);
  },
  (SECONDS + 60) * 1_000,
);
