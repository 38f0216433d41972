/** Bad input at every path: it is refused with a message, and other clients are still served. */
import { gzipSync } from 'node:zlib';

import { ask, forge, JSON_TYPE, localAuth, mint, PASSWORD } from '../auth/support.js';
import { JSON_HEADERS, modern, send, stopClock, tool, until } from '../support.js';
import { ADMIN, bearerOf, expectServed, LIST, openServer, post, STATIC, Wire } from './support.js';

const PROTECTED: readonly (readonly [method: string, path: string])[] = [
  ['POST', '/mcp'],
  ['GET', '/mcp'],
  ['DELETE', '/mcp'],
  ['POST', '/alpha/mcp'],
  ['GET', '/sse'],
  ['GET', '/alpha/sse'],
  ['GET', '/jsonrpc/sse'],
  ['POST', '/messages?sessionId=x'],
  ['POST', '/alpha/messages?sessionId=x'],
  ['GET', '/events'],
  ['GET', '/alpha/events'],
  ['POST', '/events/ticket'],
  ['POST', '/alpha/events/ticket'],
  ['GET', '/metrics'],
  ['GET', '/me'],
];

const HEADERS = { ...JSON_HEADERS, accept: 'application/json, text/event-stream' };
const soon = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;

describe('an invalid token', () => {
  it.each<[string, () => Promise<string | undefined> | string]>([
    ['none', async () => undefined],
    ['no bearer token', () => 'Basic cm9vdDpyb290'],
    ['a malformed one', () => 'Bearer a.b'],
    ['one that has expired', async () => `Bearer ${await mint({ sub: 'root', roles: ['admin'], exp: soon(-61) })}`],
    ['one that is not valid yet', async () => `Bearer ${await mint({ sub: 'root', roles: ['admin'], nbf: soon(300) })}`],
    ['one of another issuer', async () => `Bearer ${await mint({ sub: 'root', roles: ['admin'], iss: 'somebody' })}`],
    [
      'one of another key',
      async () => `Bearer ${await mint({ sub: 'root', roles: ['admin'] }, { secret: 'another secret, which is long, too' })}`,
    ],
    ['one of alg none', () => `Bearer ${forge({ alg: 'none' }, {}, false)}`],
    ['the static one, almost', () => `Bearer ${STATIC}x`],
  ])('is refused at every path: %s', async (_what, make) => {
    const server = await openServer();
    const authorization = await make();
    const headers = { ...HEADERS, ...(authorization === undefined ? {} : { authorization }) };
    for (const [method, path] of PROTECTED) {
      const answer = await ask(server.port, method, path, headers, method === 'POST' ? LIST : undefined);
      expect([method, path, answer.status]).toEqual([method, path, 401]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="mcp-daemon"/);
      if (authorization !== undefined) expect(answer.text).not.toContain(authorization.split(' ')[1]);
    }
    await expectServed(server);
    await until(() => server.log.length > PROTECTED.length);
    expect(JSON.stringify(server.log)).not.toMatch(new RegExp(`${STATIC}|Bearer|eyJ`));
  });

  it('differs from a valid one, which is accepted at all these paths', async () => {
    const { port } = await openServer();
    for (const [method, path] of PROTECTED) {
      const wire = new Wire(port).write(
        `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${ADMIN.authorization}\r\nContent-Length: 0\r\n\r\n`,
      );
      const [status] = (await wire.answered()).statuses;
      expect([method, path, status === 401 || status === 403]).toEqual([method, path, false]);
    }
  });

  it('for another partition is refused at every path, whatever the name of the partition', async () => {
    const { port } = await openServer();
    const bob = { ...HEADERS, ...(await bearerOf({ sub: 'bob', partitions: ['alpha', 'alpha#one'] })) };
    const statusOf = async (method: string, path: string, more: Record<string, string> = {}): Promise<number> =>
      (await ask(port, method, path, { ...bob, ...more }, method === 'POST' ? LIST : undefined)).status;
    const endpoints = PROTECTED.filter(([, path]) => !path.startsWith('/alpha') && path !== '/me');
    for (const [method, path] of endpoints) expect([path, await statusOf(method, path)]).toEqual([path, 403]);
    for (const path of ['/beta/mcp', '/beta/sse', '/beta/messages?sessionId=x', '/beta/events', '/beta/events/ticket'])
      expect([path, await statusOf(/sse|events$/.test(path) ? 'GET' : 'POST', path)]).toEqual([path, 403]);
    for (const part of ['two', 'One', 'alpha', '__proto__'])
      expect([part, await statusOf('POST', '/alpha/mcp', { 'part-id': part })]).toEqual([part, 403]);
  });
});

describe('the name of a partition', () => {
  const long = 'a'.repeat(129);
  it.each([
    '/al%2fpha/mcp',
    '/al%2Fpha/mcp',
    '/%2e%2e/mcp',
    '/../mcp',
    '/./mcp',
    '/alpha%23one/mcp',
    '/alpha#one/mcp',
    '/alph%C3%A4/mcp',
    '/%00/mcp',
    '/%ff/mcp',
    '/%/mcp',
    '/al%70ha/mcp',
    '/alpha%20/mcp',
    '/alpha;one/mcp',
    '/alpha,beta/mcp',
    '/alpha:one/mcp',
    '/-/mcp',
    '/__/mcp',
    `/${long}/mcp`,
    '/%252e/mcp',
  ])('is invalid in the path %s', async (path) => {
    const server = await openServer();
    for (const endpoint of ['mcp', 'sse', 'events']) {
      const wire = new Wire(server.port);
      wire.write(endpoint === 'mcp' ? post(LIST, undefined, path) : get(path.replace(/mcp$/, endpoint)));
      await wire.answered();
      expect([endpoint, wire.statuses]).toEqual([endpoint, [path.includes('#') ? 404 : 400]]);
      expect(wire.received).toContain('Content-Type: application/json'.toLowerCase());
    }
    await expectServed(server);
  });

  const get = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: ${ADMIN.authorization}\r\n\r\n`;

  it.each([
    ['empty', 'Part-ID: \r\n'],
    ['with a #', 'Part-ID: a#b\r\n'],
    ['encoded', 'Part-ID: a%2fb\r\n'],
    ['a path', 'Part-ID: ../a\r\n'],
    ['not ASCII', 'Part-ID: \xe4\r\n'],
    ['too long', `Part-ID: ${long}\r\n`],
    ['there twice', 'Part-ID: a\r\nPart-ID: a\r\n'],
  ])('is invalid with a Part-ID that is %s', async (_what, header) => {
    const server = await openServer();
    const wire = await new Wire(server.port).write(post(LIST, `${header}Content-Length: ${LIST.length}\r\n`)).answered();
    expect(wire.statuses).toEqual([400]);
    expect(wire.received).toContain('Part-ID must be one name');
  });

  it('is not lost where Part-ID comes after thousands of other headers', async () => {
    const { port } = await openServer();
    const many = 'a:\r\n'.repeat(240);
    const wire = await new Wire(port).write(post(LIST, `${many}Part-ID: a#b\r\nContent-Length: ${LIST.length}\r\n`)).answered();
    expect(wire.statuses).toEqual([400]);
    const more = await new Wire(port)
      .write(post(LIST, `${many.repeat(10)}Part-ID: a#b\r\nContent-Length: ${LIST.length}\r\n`))
      .ended();
    expect(more.statuses).toEqual([431]);
  });

  it('may be that of a built-in object property', async () => {
    const server = await openServer();
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      // There is no catalog for these partitions.
      expect((await ask(server.port, 'POST', `/${name}/mcp`, { ...HEADERS, ...ADMIN }, LIST)).status).toBe(400);
      const called = await send(server, modern('tools/call', { name }, ADMIN));
      expect(called.json.error).toMatchObject({ code: -32602 });
      expect((await send(server, { method: 'GET', headers: { ...ADMIN, 'mcp-session-id': name } })).status).toBe(404);
    }
    await expectServed(server);
  });
});

describe('a hostile body', () => {
  const statusOf = async (port: number, wire: string): Promise<number[]> =>
    (await new Wire(port).write(wire).answered()).statuses;

  it('that is too large is refused, by its Content-Length and by its real size, at each path', async () => {
    const server = await openServer({ maxBodyBytes: 20_000 });
    const session = await openSse(server.port);
    for (const path of ['/mcp', session, '/auth/login', '/auth/token']) {
      const type = path === '/auth/token' ? 'application/x-www-form-urlencoded' : 'application/json';
      const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nAuthorization: ${ADMIN.authorization}\r\n`;
      expect([path, await statusOf(server.port, `${head}Content-Length: 20001\r\n\r\n`)]).toEqual([path, [413]]);
      const chunked = new Wire(server.port).write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
      for (let sent = 0; sent < 3; sent += 1) chunked.write(`1f40\r\n${'x'.repeat(8_000)}\r\n`);
      await chunked.ended();
      expect([path, chunked.statuses]).toEqual([path, [413]]);
    }
    await expectServed(server);
  });

  it('that is compressed is not decompressed', async () => {
    const server = await openServer();
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
    const session = await openSse(server.port);
    for (const path of ['/mcp', session, '/auth/login'])
      for (const encoding of ['gzip', 'deflate', 'br', 'GZIP', 'identity, gzip', 'x']) {
        const headers = { ...HEADERS, ...ADMIN, 'content-encoding': encoding };
        expect((await ask(server.port, 'POST', path, headers, bomb)).status).toBe(415);
      }
    await expectServed(server);
  });

  it.each<[string, string, string]>([
    ['no JSON', 'application/json', '{"jsonrpc":'],
    ['a form', 'application/x-www-form-urlencoded', 'a=b'],
    ['a text', 'text/plain', LIST],
    ['XML', 'application/xml', '<a/>'],
    ['a file', 'multipart/form-data; boundary=x', '--x--'],
    ['no type', '', LIST],
    ['two types', 'application/json, text/plain', LIST],
    ['UTF-16', 'application/json; charset=utf-16', LIST],
    ['a mark of the byte order', 'application/json', `\xef\xbb\xbf${LIST}`],
    ['NUL', 'application/json', '\0'],
  ])('is refused: %s', async (_what, type, body) => {
    const server = await openServer();
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${type === '' ? '' : `Content-Type: ${type}\r\n`}`;
    const rest = `Authorization: ${ADMIN.authorization}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(await statusOf(server.port, head + rest)).toEqual([type === 'application/json' ? 400 : 415]);
  });

  const named = tool('keys', (args) => JSON.stringify([Object.keys(args), (args as { polluted?: unknown }).polluted]));

  it('with prototype keys changes no object', async () => {
    const server = await openServer({}, [named]);
    const evil = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const { headers, body } = modern('tools/call', { name: 'keys', arguments: { it: 1 } }, ADMIN);
    const text = JSON.stringify(body)
      .replace('{"it":1}', evil)
      .replace('"params":{', '"__proto__":{"polluted":1},"params":{"__proto__":{"polluted":1},');
    const answer = await send(server, { headers: headers!, body: text });
    expect(answer.json.result).toMatchObject({ content: [{ text: '[["__proto__","constructor"],null]' }] });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    const { status } = await ask(
      server.port,
      'POST',
      '/auth/login',
      JSON_TYPE,
      '{"__proto__":{"username":"ann","password":"x"}}',
    );
    expect(status).toBe(400);
  });

  it('with a duplicate key means the last one, for every check', async () => {
    const server = await openServer({}, [named]);
    const eve = await bearerOf({ sub: 'eve', roles: ['viewer'] });
    const { headers, body } = modern('tools/call', { name: 'keys' }, eve);
    const text = JSON.stringify(body).replace('"method":', '"method":"tools/list","method":');
    expect((await send(server, { headers: headers!, body: text })).status).toBe(403);
    const other = JSON.stringify(modern('tools/list').body).replace('"method":', '"method":"tools/call","method":');
    const listed = await send(server, { headers: { ...modern('tools/list').headers, ...eve }, body: other });
    expect(listed.status).toBe(200);
  });

  it('that differs from its headers is refused', async () => {
    const server = await openServer();
    const call = modern('tools/call', { name: 'echo', arguments: { text: 'x' } }, ADMIN);
    for (const lie of [
      { 'mcp-method': 'tools/list' },
      { 'mcp-method': undefined },
      { 'mcp-method': 'tools/call, tools/call' },
      { 'mcp-name': 'other' },
      { 'mcp-name': undefined },
      { 'mcp-protocol-version': '2025-11-25' },
      { 'mcp-protocol-version': undefined },
    ]) {
      const answer = await send(server, { body: call.body, headers: { ...call.headers, ...lie } });
      expect([lie, answer.status]).toEqual([lie, 400]);
    }
  });

  async function openSse(port: number): Promise<string> {
    const wire = new Wire(port).write(
      `GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: ${ADMIN.authorization}\r\n\r\n`,
    );
    await until(() => /data: (\S+)/.test(wire.received));
    return /data: (\S+)/.exec(wire.received)![1]!;
  }
});

describe('ambiguous framing of requests', () => {
  const hidden = `GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${ADMIN.authorization}\r\n\r\n`;

  it.each([
    ['Content-Length and Transfer-Encoding', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${hidden}`],
    ['the same the other way round', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`],
    ['an unknown transfer coding', 'Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${hidden}`],
    ['a coding after chunked', 'Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${hidden}`],
    ['two codings', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', `0\r\n\r\n${hidden}`],
    ['a space before the colon', 'Transfer-Encoding : chunked\r\n', `0\r\n\r\n${hidden}`],
    ['two lengths', 'Content-Length: 0\r\nContent-Length: 60\r\n', hidden],
    ['a list of lengths', 'Content-Length: 0, 60\r\n', hidden],
    ['a length below 0', 'Content-Length: -1\r\n', hidden],
    ['a length with a sign', 'Content-Length: +0\r\n', hidden],
    ['a length of too many digits', `Content-Length: ${'9'.repeat(30)}\r\n`, hidden],
    ['a header over two lines', 'X-A: b\r\n c: d\r\nContent-Length: 0\r\n', hidden],
    ['a line that ends in CR', 'X-A: b\rContent-Length: 0\r\n', hidden],
    ['NUL in a header', 'X-A: a\0b\r\nContent-Length: 0\r\n', hidden],
    ['a chunk of a negative size', 'Transfer-Encoding: chunked\r\n', `-1\r\n\r\n${hidden}`],
    ['a chunk of an endless size', 'Transfer-Encoding: chunked\r\n', `ffffffffffffffffffff\r\n\r\n${hidden}`],
    ['a body that is longer than it says', 'Content-Length: 2\r\n', `{}${'x'.repeat(40)}\r\n\r\n${hidden}`],
  ])('is refused: %s', async (_what, framing, body) => {
    const server = await openServer();
    const wire = await new Wire(server.port).write(post(body, framing)).ended();
    expect(wire.statuses.at(-1)).toBe(400);
    expect(wire.received).not.toContain('mcp_daemon_calls_total');
    await expectServed(server);
  });

  it('in trailers has no effect', async () => {
    const server = await openServer();
    const chunked = `${LIST.length.toString(16)}\r\n${LIST}\r\n0\r\nPart-ID: a#b\r\nAuthorization: x\r\n\r\n`;
    const wire = await new Wire(server.port)
      .write(post(chunked, 'Transfer-Encoding: chunked\r\nTrailer: Part-ID\r\n'))
      .answered();
    expect(wire.statuses).toEqual([200]);
  });

  it('does not affect pipelined requests, which are answered one by one, even after errors', async () => {
    const server = await openServer();
    const wire = new Wire(server.port);
    const bad = post('{').replace(`${STATIC}`, 'wrong');
    wire.write(post(LIST) + bad + post('{') + post(LIST, undefined, '/nothing') + post(LIST));
    await until(() => wire.statuses.length === 5);
    expect(wire.statuses).toEqual([200, 401, 400, 404, 200]);
    wire.write(post(LIST));
    await until(() => wire.statuses.length === 6);
    expect(wire.statuses.at(-1)).toBe(200);
  });
});

describe('unusual methods and targets', () => {
  it('are refused', async () => {
    const server = await openServer();
    const at = async (method: string, target: string): Promise<number | undefined> => {
      const head = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${ADMIN.authorization}\r\n\r\n`;
      const wire = await new Wire(server.port).write(head).answered();
      if (wire.received.includes('\r\n\r\n{')) JSON.parse(wire.received.split('\r\n\r\n')[1]!);
      else expect(wire.received).not.toMatch(/<html|^ {4}at /im);
      return wire.statuses[0];
    };
    for (const method of ['HEAD', 'TRACE', 'PUT', 'PATCH', 'PROPFIND'])
      for (const path of ['/mcp', '/sse', '/messages', '/events', '/me', '/auth/login'])
        expect([method, path, await at(method, path)]).toEqual([method, path, 405]);
    for (const method of ['FOO', 'get', 'PRI']) expect(await at(method, '/mcp')).toBe(400);
    expect(await at('CONNECT', 'example.com:443')).toBeUndefined();
    expect(await at('TRACE', '/nothing')).toBe(404);
    for (const target of ['/mcp/', '//mcp']) expect([target, await at('GET', target)]).toEqual([target, 405]); // as at /mcp
    for (const target of ['*', '//x', 'http://[', 'http://', 'http://a:99999999/x', '/docs/../me', '/%00'])
      expect([target, await at('GET', target)]).toEqual([target, 404]);
    for (const target of ['x', '\\', '?', 'http:', '/a b', '/\x80'])
      expect([target, await at('GET', target)]).toEqual([target, 400]);
    await expectServed(server);
  });

  it('do not reach files other than those of the pages', async () => {
    const { port } = await openServer();
    for (const name of ['../docs.html', '..%2fdocs.html', '%2e%2e%2fdocs.html', '..%5cdocs.html', '__proto__', 'docs.html%00.js'])
      expect([name, (await ask(port, 'GET', `/docs/assets/${name}`)).status]).toEqual([name, 404]);
  });

  it('include Upgrade, which is ignored, and Expect, which is answered', async () => {
    const server = await openServer();
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: websocket, h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n';
    const length = `Content-Length: ${LIST.length}\r\n`;
    expect((await new Wire(server.port).write(post(LIST, upgrade + length)).answered()).statuses).toEqual([200]);
    expect((await new Wire(server.port).write(post('', `Expect: nothing\r\n${length}`)).answered()).statuses).toEqual([417]);
    const waiting = await new Wire(server.port).write(post('', `Expect: 100-continue\r\n${length}`)).answered();
    expect(waiting.statuses).toEqual([100]);
    waiting.write(LIST);
    await until(() => waiting.statuses.length === 2);
    expect(waiting.statuses[1]).toBe(200);
  });
});

describe('hostile headers', () => {
  it('that are too large or endless close the connection', async () => {
    const server = await openServer();
    for (const head of [
      `GET /me HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `GET /me HTTP/1.1\r\nHost: localhost\r\n${'x:\r\n'.repeat(5_000)}\r\n`,
    ]) {
      const wire = await new Wire(server.port).write(head).ended();
      expect(wire.statuses).toEqual([431]);
    }
    await expectServed(server);
  });

  it('that are repeated in an answer cannot inject anything', async () => {
    const server = await openServer({ allowedOrigins: ['https://app.example.com'] });
    const head = (more: string, method = 'GET'): string => `${method} /mcp HTTP/1.1\r\n${more}\r\n`;
    for (const more of [
      'Host: localhost\r\nX-Request-Id: a\nX-Evil: 1\r\n',
      'Host: localhost\r\nX-Request-Id: a\rX-Evil: 1\r\n',
      'Host: a\nX-Evil: 1\r\n',
      'Host: localhost\r\nOrigin: https://app.example.com\nX-Evil: 1\r\n',
    ]) {
      const wire = await new Wire(server.port).write(head(more)).answered();
      expect(wire.received.toLowerCase()).not.toContain('x-evil: 1');
    }
    for (const host of ['a", error="x', 'a\\', 'a/b', 'a@b', '<script>', '\xe4', `${'a'.repeat(100)} b`]) {
      const wire = await new Wire(server.port).write(head(`Host: ${host}\r\n`)).answered();
      expect(wire.received).toMatch(/\r\nwww-authenticate: Bearer realm="mcp-daemon"\r\n/i);
    }
    for (const id of ['a b', 'a"b', '<a>', '\xe4', 'x'.repeat(129), '%0d%0a']) {
      const wire = await new Wire(server.port).write(head(`Host: localhost\r\nX-Request-Id: ${id}\r\n`)).answered();
      expect(wire.received).not.toContain(id);
    }
    const preflight = 'Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: \x80\xff, <script>\r\n';
    for (const origin of [
      'https://evil.example.com',
      'null',
      'https://app.example.com.evil.example',
      'http://localhost.evil.example',
    ]) {
      const wire = await new Wire(server.port)
        .write(head(`Host: localhost\r\nOrigin: ${origin}\r\n${preflight}`, 'OPTIONS'))
        .answered();
      expect(wire.statuses).toEqual([403]);
      expect(wire.received.toLowerCase()).not.toContain('access-control');
    }
    await expectServed(server);
  });

  it('of preflights, in any number, need no token and use up no rate limit', async () => {
    const server = await openServer({ rateLimit: 10 });
    const preflight = { origin: 'http://localhost:5173', 'access-control-request-method': 'POST' };
    for (let n = 0; n < 200; n += 1) expect((await ask(server.port, 'OPTIONS', '/mcp', preflight)).status).toBe(204);
    expect((await ask(server.port, 'GET', '/metrics', ADMIN)).status).toBe(200);
  });

  it('such as an untrusted X-Forwarded-For give no further login attempts', async () => {
    const server = await openServer();
    stopClock();
    const statuses = new Set<number>();
    for (let n = 0; n < 70; n += 1) {
      const headers = { authorization: 'Bearer x', 'x-forwarded-for': `203.0.113.${n}` };
      statuses.add((await ask(server.port, 'GET', '/events', headers)).status);
    }
    expect([...statuses]).toEqual([401, 429]);
    // With one trusted proxy, addresses that the client itself has added are ignored.
    const behind = await openServer({ trustProxy: 1 });
    const seen = new Set<number>();
    for (let n = 0; n < 70; n += 1) {
      const headers = { authorization: 'Bearer x', 'x-forwarded-for': `203.0.113.${n}, 198.51.100.1` };
      seen.add((await ask(behind.port, 'GET', '/events', headers)).status);
    }
    expect([...seen]).toEqual([401, 429]);
    const other = { authorization: 'Bearer x', 'x-forwarded-for': '198.51.100.2' };
    expect((await ask(behind.port, 'GET', '/events', other)).status).toBe(401);
  });
});

describe('a ticket', () => {
  const ticketOf = async (port: number, path: string, headers: Record<string, string>): Promise<string> =>
    (await ask(port, 'POST', path, headers)).json['ticket'] as string;

  it('is valid only for the partition that it was created for', async () => {
    const { daemon, port } = await openServer();
    daemon.catalogs.check = () => undefined; // every partition exists
    const watch = async (path: string): Promise<number | undefined> =>
      (await new Wire(port).write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).answered()).statuses[0];
    for (const [made, tried] of [
      ['/events/ticket', '/alpha/events'],
      ['/alpha/events/ticket', '/events'],
      ['/alpha/events/ticket', '/beta/events'],
    ] as const) {
      const ticket = await ticketOf(port, made, ADMIN);
      expect(await watch(`${tried}?ticket=${ticket}`)).toBe(401);
      expect(await watch(`${made.replace('/ticket', '')}?ticket=${ticket}`)).toBe(401); // the ticket is used up nevertheless
    }
    // The ticket contains the Part-ID, which an EventSource cannot send.
    const part = await ticketOf(port, '/alpha/events/ticket', { ...ADMIN, 'part-id': 'one' });
    expect(await watch(`/alpha/events?ticket=${part}`)).toBe(200);
  });

  it('is random and unique', async () => {
    const { port } = await openServer();
    const all = await Promise.all(Array.from({ length: 50 }, () => ticketOf(port, '/events/ticket', ADMIN)));
    expect(new Set(all).size).toBe(50);
    for (const ticket of all) expect(Buffer.from(ticket, 'base64url')).toHaveLength(32);
    for (const guess of ['', 'x', '__proto__', all[0]!.slice(0, -1), `${all[0]}x`, `${all[0]}%00`, all[0]!.toLowerCase()])
      expect((await ask(port, 'GET', `/events?ticket=${guess}`)).status).toBe(401);
  });
});

describe('a hostile login', () => {
  it('with an impossible username or password is refused without hashing', async () => {
    const { port } = await openServer();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const status = async (path: string, body: string): Promise<number> =>
      (await ask(port, 'POST', path, path === '/auth/token' ? form : JSON_TYPE, body)).status;
    const json = (username: unknown, password: unknown): string => JSON.stringify({ username, password });
    expect(await status('/auth/login', json('ann', 'x'.repeat(1_000_000)))).toBe(413);
    expect(await status('/auth/login', json('ann', 'x'.repeat(2_000)))).toBe(401);
    expect(await status('/auth/login', json('ann\0', PASSWORD))).toBe(401);
    expect(await status('/auth/login', json(['ann'], PASSWORD))).toBe(400);
    expect(await status('/auth/login', json({ $ne: null }, { $ne: null }))).toBe(400);
    expect(await status('/auth/login', '['.repeat(16_000))).toBe(400);
    expect(await status('/auth/token', `username=ann&username=root&password=${PASSWORD}`)).toBe(400);
    expect(await status('/auth/token', `username=ann&password=a&password=${PASSWORD}`)).toBe(400);
    expect(await status('/auth/token', `username[]=ann&password=${PASSWORD}`)).toBe(400);
    const right = `username=ann&password=${PASSWORD.replace(' ', '+')}`;
    expect(await status('/auth/token', `${right}&scope=admin`)).toBe(400); // a role is no scope
    expect(await status('/auth/token', right)).toBe(200);
  });

  it('repeated for one username does not lock the user out where they have logged in before', async () => {
    const auth = await localAuth({ addressOf: ({ headers }) => String(headers['x-from']) });
    const { port } = await openServer({ auth });
    stopClock();
    const attempt = async (from: string, password: string): Promise<number> =>
      (await ask(port, 'POST', '/auth/login', { ...JSON_TYPE, 'x-from': from }, JSON.stringify({ username: 'root', password })))
        .status;
    expect(await attempt('10.0.0.1', PASSWORD)).toBe(200);
    const hostile: number[] = [];
    for (let n = 0; n < 12; n += 1) hostile.push(await attempt(`10.9.9.${n % 3}`, 'wrong'));
    expect(hostile).toEqual([...Array<number>(5).fill(401), ...Array<number>(7).fill(429)]);
    expect(await attempt('10.0.0.1', PASSWORD)).toBe(200);
    // A successful login of the user gives attackers no further attempts.
    expect(await attempt('10.9.9.9', 'wrong')).toBe(429);
    // Attempts from a known address are limited as well.
    const own: number[] = [];
    for (let n = 0; n < 7; n += 1) own.push(await attempt('10.0.0.1', 'wrong'));
    expect(own).toEqual([...Array<number>(5).fill(401), 429, 429]);
  });
});
