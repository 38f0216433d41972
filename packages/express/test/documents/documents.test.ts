/** The OpenAPI document: it is valid and complete, and the server answers as documented. */
import { request } from 'node:http';

import type { JsonObject } from '@mcp-daemon/core';
import { compileSchema, createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { ApiOptions, GraphqlApi, HttpOptions, HttpServer } from '@mcp-daemon/express';
import { createDocuments, createOpenAuth, createRouter, serveHttp } from '@mcp-daemon/express';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import type { Router } from 'express';
import express from 'express';

import { describeApi } from '../../src/documents/openapi.js';
import { localAuth, PASSWORD } from '../auth/support.js';
import { smallApi, World } from '../graphql/support.js';
import { atEnd, echo, initialize, JSON_HEADERS, message, modern } from '../support.js';

const API: Required<Pick<ApiOptions, 'security'>>[] = [{ security: 'login' }, { security: 'token' }, { security: 'none' }];

interface Operation extends JsonObject {
  responses: Record<string, { content?: Record<string, { schema: JsonObject }>; headers?: JsonObject }>;
  parameters?: { name: string; in: string; required?: boolean; example?: string }[];
  requestBody?: { content: Record<string, { schema: JsonObject; examples?: Record<string, { value: JsonObject }> }> };
  security?: JsonObject[];
  deprecated?: boolean;
}

interface Document extends JsonObject {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonObject>; securitySchemes: Record<string, JsonObject> };
  security: JsonObject[];
}

const describeAs = (options: ApiOptions = {}): Document => describeApi(options) as Document;

const operationsOf = (document: Document): { path: string; method: string; operation: Operation }[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** Checks a value by a schema of the document. @returns what is wrong */
function problemsOf(document: Document, schema: JsonObject, value: unknown): readonly string[] {
  const check = compileSchema({ ...schema, components: document.components });
  const result = check(value);
  return result.ok ? [] : result.problems;
}

describe('the OpenAPI document', () => {
  it.each(API)('is valid OpenAPI 3.1, security $security', async (options) => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      // Pages have no 4xx answers; and `/jsonrpc/sse` takes precedence over `/{partition}/sse`.
      rules: { 'operation-4xx-response': 'off', 'no-ambiguous-paths': 'off' },
    });
    const problems = await lintFromString({
      source: JSON.stringify(describeAs({ ...options, version: '1.2.3' })),
      absoluteRef: 'openapi.json',
      config,
    });
    expect(problems.map(({ message: said, ruleId, location }) => `${ruleId} ${location[0]?.pointer}: ${said}`)).toEqual([]);
  });

  it('has examples that match their schemas', () => {
    const document = describeAs();
    let count = 0;
    for (const { path, operation } of operationsOf(document)) {
      const bodies = [operation.requestBody, ...Object.values(operation.responses)];
      for (const { schema, examples = {} } of bodies.flatMap((body) => Object.values(body?.content ?? {})) as {
        schema: JsonObject;
        examples?: Record<string, { value: unknown }>;
      }[])
        for (const [name, { value }] of Object.entries(examples)) {
          count += 1;
          expect([path, name, problemsOf(document, schema, value)]).toEqual([path, name, []]);
        }
    }
    expect(count).toBeGreaterThan(5);
  });

  it('requires the authentication that the server requires', () => {
    expect(describeAs({ security: 'none' })).toMatchObject({ security: [], components: { securitySchemes: {} } });
    expect(Object.keys(describeAs({ security: 'token' }).components.securitySchemes)).toEqual(['bearer']);
    const { components, security, paths } = describeAs();
    expect(components.securitySchemes['password']).toMatchObject({ flows: { password: { tokenUrl: 'auth/token' } } });
    expect(security).toEqual([{ bearer: [] }, { password: [] }]);
    expect(paths['/health']?.['get']?.security).toEqual([]);
    expect(paths['/mcp']?.['post']?.security).toBeUndefined();
  });

  it('omits what is not served', () => {
    const paths = Object.keys(describeAs({ without: ['httpSse', 'metrics'] }).paths);
    expect(paths).not.toEqual(expect.arrayContaining(['/jsonrpc/sse']));
    expect(paths.filter((path) => /sse|messages|metrics/.test(path))).toEqual([]);
    expect(Object.keys(describeAs({ security: 'token' }).paths)).not.toContain('/auth/token');
    expect(Object.keys(describeAs({ security: 'none' }).paths).filter((path) => /auth/.test(path))).toEqual([]);
  });

  it('marks the old transport as deprecated', () => {
    const old = operationsOf(describeAs()).filter(({ operation }) => operation.deprecated === true);
    expect(old.map(({ path }) => path).sort()).toEqual(
      ['/jsonrpc/messages', '/jsonrpc/sse', '/messages', '/sse', '/{partition}/messages', '/{partition}/sse'].sort(),
    );
  });
});

async function serveAll(options: HttpOptions = {}): Promise<HttpServer> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const auth = options.auth ?? (await localAuth({ adminStaticToken: 'static' }));
  const graphql = async (): Promise<GraphqlApi> => smallApi(new World());
  const server = await serveHttp(daemon, { auth, port: 0, cache: daemon.catalogs, graphql, ...options });
  atEnd(() => server.close({ drainMs: 10 }));
  return server;
}

interface Answer {
  status: number;
  type: string;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

interface Asked {
  method?: string;
  headers?: Record<string, string | undefined>;
  body?: unknown;
}

/** Sends a request. A stream is closed as soon as it begins. */
function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  const sent = Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return new Promise((resolve, reject) => {
    const req = request(url, { method, headers: sent, agent: false }, (res) => {
      const type = (res.headers['content-type'] ?? '').split(';', 1).join('');
      const answer = (text: string): void => resolve({ status: res.statusCode ?? 0, type, headers: res.headers, text });
      let text = '';
      if (type === 'text/event-stream') {
        answer('');
        req.destroy();
      }
      res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      res.on('end', () => answer(text));
    });
    req.on('error', reject);
    atEnd(() => req.destroy());
    req.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const fill = (path: string): string => path.replace('{partition}', 'default');
const ADMIN = { authorization: 'Bearer static' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const EVENTS = { ...ADMIN, accept: 'text/event-stream' };

describe('the API that is served', () => {
  /** Lists the differences between an answer and its documentation. */
  function judge(document: Document, method: string, path: string, { status, type, text, headers }: Answer): string[] {
    const at = `${method} ${path} ${status}`;
    const said = document.paths[path]?.[method.toLowerCase()]?.responses[status];
    if (said === undefined) return [`${at} is not documented: ${text}`];
    if (said.content === undefined) return text === '' ? [] : [`${at} has a body`];
    const missing = Object.keys(said.headers ?? {})
      // Retry-After is optional.
      .filter((name) => ['WWW-Authenticate', 'Allow'].includes(name) && headers[name.toLowerCase()] === undefined)
      .map((name) => `${at} has no ${name}`);
    const content = said.content[type];
    if (content === undefined) return [...missing, `${at} is ${type}`];
    const value: unknown = type.endsWith('json') ? JSON.parse(text) : text;
    return [...missing, ...problemsOf(document, content.schema, value).map((problem) => `${at} ${problem}: ${text}`)];
  }

  it('answers as documented, at every path', async () => {
    const { url } = await serveAll();
    const document = JSON.parse((await ask(`${url}/openapi.json`)).text) as Document;
    const seen = new Map<string, Set<number>>();
    const wrong: string[] = [];
    async function look(method: string, path: string, asked: Asked = {}, query = ''): Promise<Answer> {
      const answer = await ask(url + fill(path) + query, { method, ...asked });
      wrong.push(...judge(document, method, path, answer));
      const key = `${method} ${path}`;
      seen.set(key, (seen.get(key) ?? new Set()).add(answer.status));
      return answer;
    }

    for (const prefix of ['', '/{partition}']) {
      const mcp = `${prefix}/mcp`;
      const post = { ...JSON_HEADERS, ...ADMIN };
      const { headers: tools, body: list } = modern('tools/list');
      await look('POST', mcp, { headers: { ...post, ...tools }, body: list });
      await look('POST', mcp, {
        headers: { ...post, ...modern('tools/call', { name: 'nobody' }).headers },
        body: modern('tools/call', { name: 'nobody' }).body,
      });
      await look('POST', mcp, {
        headers: { ...post, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'no/method' },
        body: modern('no/method').body,
      });
      await look('POST', mcp, { headers: { ...post, ...tools, 'mcp-method': 'tools/call' }, body: list });
      await look('POST', mcp, { headers: { ...post, ...tools, accept: 'text/html' }, body: list });
      await look('POST', mcp, { headers: { ...post, 'content-type': 'text/plain' }, body: list });
      await look('POST', mcp, { headers: post, body: '{' });
      await look('POST', mcp, { headers: JSON_HEADERS, body: list });
      await look('POST', mcp, { headers: { ...post, 'part-id': '???' }, body: list });
      await look('POST', mcp, { headers: { ...post, origin: 'https://evil.example' }, body: list });
      await look('POST', mcp, { headers: { ...post, 'content-length': '100000000' } });
      const begun = await look('POST', mcp, { headers: post, body: initialize() });
      const session = {
        ...ADMIN,
        'mcp-session-id': String(begun.headers['mcp-session-id']),
        'mcp-protocol-version': '2025-11-25',
      };
      await look('POST', mcp, { headers: { ...post, ...session }, body: message('notifications/initialized') });
      await look('POST', mcp, { headers: { ...post, ...session }, body: message('tools/list', {}, 1) });
      await look('POST', mcp, { headers: { ...post, ...session, 'mcp-session-id': 'none' }, body: message('tools/list', {}, 1) });
      await look('GET', mcp, { headers: { ...session, accept: 'text/event-stream', 'last-event-id': 'nonsense' } });
      await look('GET', mcp, { headers: { ...session, accept: 'text/event-stream' } });
      await look('GET', mcp, { headers: { ...session, accept: 'application/json' } });
      await look('GET', mcp, { headers: EVENTS });
      await look('GET', mcp);
      await look('DELETE', mcp, { headers: ADMIN });
      await look('DELETE', mcp, { headers: { ...session, 'mcp-session-id': 'none' } });
      await look('DELETE', mcp, { headers: session });

      const events = `${prefix}/events`;
      await look('GET', events, { headers: EVENTS });
      await look('GET', events, { headers: { ...ADMIN, accept: 'application/json' } });
      await look('GET', events);
      await look('GET', events, {}, '?ticket=nobodys');
      const given = await look('POST', `${events}/ticket`, { headers: ADMIN });
      const { ticket } = JSON.parse(given.text) as { ticket: string };
      await look(
        'GET',
        events,
        { headers: { accept: 'text/event-stream' } },
        `?${new URLSearchParams({ ticket, lastEventId: 'x' }).toString()}`,
      );
      await look('POST', `${events}/ticket`);

      const messages = `${prefix}/messages`;
      await look('GET', `${prefix}/sse`, { headers: EVENTS });
      await look('GET', `${prefix}/sse`, { headers: { ...ADMIN, accept: 'application/json' } });
      await look('GET', `${prefix}/sse`);
      await look('POST', messages, { headers: post, body: initialize() });
      await look('POST', messages, { headers: post, body: initialize() }, '?sessionId=none');
      await look('POST', messages, { headers: JSON_HEADERS, body: initialize() });
    }
    const hello = { query: '{ hello }' };
    for (const path of ['/graphql', '/{partition}/graphql', '/{partition}/mcp_core_graphql']) {
      const post = { 'content-type': 'application/json', ...ADMIN };
      await look('POST', path, { headers: post, body: hello });
      await look('POST', path, { headers: { ...post, accept: 'application/graphql-response+json' }, body: hello });
      await look('POST', path, { headers: { ...post, accept: 'application/graphql-response+json' }, body: { query: '{' } });
      await look('POST', path, { headers: { ...post, accept: 'text/event-stream' }, body: hello });
      await look('POST', path, { headers: { ...post, accept: 'image/png' }, body: hello });
      await look('POST', path, { headers: post, body: [hello] });
      await look('POST', path, { headers: { 'content-type': 'application/json' }, body: hello });
      await look('POST', path, { headers: { ...post, origin: 'https://evil.example' }, body: hello });
      await look('POST', path, { headers: { ...post, 'content-type': 'text/plain' }, body: 'x' });
      await look('POST', path, { headers: { ...post, 'content-length': '100000000' } });
      await look('GET', path, { headers: ADMIN }, `?${new URLSearchParams(hello)}`);
      await look('GET', path, { headers: ADMIN }, '?query=mutation{set(value:"x")}');
      await look('GET', path, { headers: EVENTS }, '?query=subscription{count(to:1)}');
      await look('GET', path, { headers: { ...EVENTS, 'last-event-id': 'complete' } });
      await look('GET', path, { headers: { accept: 'text/html' } });
      await look('GET', path);
    }
    await look('GET', '/jsonrpc/sse', { headers: EVENTS });
    await look('GET', '/jsonrpc/sse');
    await look('POST', '/jsonrpc/messages', { headers: JSON_HEADERS, body: initialize() });

    const credentials = { username: 'ann', password: PASSWORD };
    await look('POST', '/auth/login', { headers: JSON_HEADERS, body: credentials });
    await look('POST', '/auth/login', { headers: JSON_HEADERS, body: { ...credentials, password: 'wrong' } });
    await look('POST', '/auth/login', { headers: JSON_HEADERS, body: { username: 1 } });
    await look('POST', '/auth/login', { headers: JSON_HEADERS, body: 'x'.repeat(20_000) });
    await look('POST', '/auth/login', { headers: FORM, body: 'username=ann' });
    await look('POST', '/auth/token', { headers: FORM, body: new URLSearchParams(credentials).toString() });
    await look('POST', '/auth/token', { headers: FORM, body: 'username=ann&password=wrong' });
    await look('POST', '/auth/token', { headers: JSON_HEADERS, body: credentials });
    for (let attempt = 0; attempt < 7; attempt += 1)
      await look('POST', '/auth/login', { headers: JSON_HEADERS, body: { username: 'bob', password: 'wrong' } });
    await look('GET', '/me', { headers: ADMIN });
    await look('GET', '/me');
    for (const path of ['/health', '/ready', '/openapi.json', '/docs', '/redoc']) await look('GET', path);
    await look('GET', '/docs', { headers: { 'if-none-match': String((await ask(`${url}/docs`)).headers['etag']) } });
    await look('GET', '/metrics', { headers: ADMIN });
    await look('GET', '/metrics');
    const caches = '/{partition}/admin/cache';
    for (const headers of [ADMIN, {}]) {
      await look('POST', `${caches}/refresh`, { headers });
      await look('GET', `${caches}/status`, { headers });
      await look('DELETE', caches, { headers });
      await look('GET', `${caches}/status`, { headers });
      await look('DELETE', '/admin/cache', { headers });
    }

    expect(wrong).toEqual([]);
    // Every operation was requested, and succeeded at least once.
    const documented = operationsOf(document).map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    const good = [...seen].filter(([, statuses]) => [200, 202, 204].some((status) => statuses.has(status))).map(([key]) => key);
    const others = ['POST /messages', 'POST /{partition}/messages', 'POST /jsonrpc/messages']; // need a stream that stays: http-sse.test.ts
    expect([...good, ...others].sort()).toEqual(documented.sort());
    expect(seen.get('POST /mcp')).toEqual(new Set([200, 202, 400, 401, 403, 404, 406, 413, 415]));
    expect(seen.get('POST /auth/login')).toEqual(new Set([200, 400, 401, 413, 415, 429]));
  });

  it('answers as documented without authentication', async () => {
    const { url } = await serveAll({ auth: createOpenAuth() });
    const document = JSON.parse((await ask(`${url}/openapi.json`)).text) as Document;
    const { headers, body } = modern('tools/list');
    const asked: [method: string, path: string, asked: Asked, status: number][] = [
      ['POST', '/mcp', { headers: { ...JSON_HEADERS, ...headers }, body }, 200],
      ['POST', '/mcp', { headers: { ...JSON_HEADERS, ...headers, host: 'evil.example' }, body }, 403],
      ['GET', '/me', {}, 200],
      ['GET', '/me', { headers: { host: 'evil.example' } }, 403],
      ['GET', '/metrics', {}, 200],
      ['POST', '/events/ticket', {}, 200],
      ['GET', '/events', { headers: { accept: 'text/event-stream', host: 'evil.example' } }, 403],
    ];
    for (const [method, path, sent, status] of asked) {
      const answer = await ask(url + path, { method, ...sent });
      expect([path, answer.status, judge(document, method, path, answer)]).toEqual([path, status, []]);
    }
  });

  it('has a documented operation for each of its routes', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    const graphql = async (): Promise<GraphqlApi> => smallApi(new World());
    const router = createRouter(daemon, { auth: await localAuth(), cache: daemon.catalogs, graphql });
    atEnd(async () => {
      await router.close({ drainMs: 10 });
      await daemon.close({ drainMs: 10 });
    });
    const routes: string[] = [];
    /** Collects the paths of a router and of nested routers. */
    const walk = (stack: Router['stack']): void => {
      for (const layer of stack) {
        const { route, handle } = layer as unknown as {
          route?: { path: string | string[] };
          handle: { stack?: Router['stack'] };
        };
        if (route !== undefined) routes.push(...[route.path].flat());
        else if (handle.stack !== undefined) walk(handle.stack);
      }
    };
    walk((router as Router & typeof router).stack);
    const documented = Object.keys(describeApi()['paths'] as JsonObject);
    // Files and redirects of a page are not operations.
    const parts = ['/docs/', '/redoc/', '/docs/assets/:name'];
    const undocumented = routes.filter(
      (path) => !documented.includes(path.replace(':partition', '{partition}')) && !parts.includes(path),
    );
    expect(undocumented).toEqual([]);
    expect(routes.length).toBeGreaterThan(12);
  });

  it('has no documented operation that it does not serve', async () => {
    const { url } = await serveAll({ auth: createOpenAuth(), httpSse: false });
    const document = JSON.parse((await ask(`${url}/openapi.json`)).text) as Document;
    expect(document.security).toEqual([]);
    for (const path of ['/sse', '/auth/login', '/.well-known/oauth-protected-resource']) {
      expect(document.paths[path]).toBeUndefined();
      expect((await ask(url + path, { headers: { accept: 'text/event-stream' } })).status).toBe(404);
    }
  });
});

describe('the API pages', () => {
  const assetsIn = (html: string): string[] =>
    [...html.matchAll(/(?:src|href)="(docs\/assets\/[^"]+)"/g)].map(([, path]) => path!);

  it('load files that a browser may cache forever', async () => {
    const { url } = await serveAll();
    for (const page of ['/docs', '/redoc']) {
      const { text, headers } = await ask(url + page);
      expect(headers).toMatchObject({ 'cache-control': 'no-cache', etag: expect.stringMatching(/^"/) });
      expect(assetsIn(text).length).toBeGreaterThan(1);
      for (const path of assetsIn(text)) {
        const asset = await ask(`${url}/${path}`, { headers: { 'accept-encoding': 'gzip' } });
        expect(asset.headers).toMatchObject({
          'cache-control': 'public, max-age=31536000, immutable',
          'content-encoding': 'gzip',
          vary: 'Accept-Encoding',
        });
        const known = { 'if-none-match': String(asset.headers['etag']) };
        expect((await ask(`${url}/${path}`, { headers: known })).status).toBe(304);
        const plain = await ask(`${url}/${path}`, { headers: { 'accept-encoding': 'identity' } });
        expect(plain.headers['content-encoding']).toBeUndefined();
        // Compared as a boolean, because a failure message with the text would have megabytes.
        expect(/sourceMappingURL=\S+\s*$|cdn\.redoc\.ly/.test(plain.text)).toBe(false);
        expect((await ask(`${url}/${path}`, { method: 'HEAD' })).text).toBe('');
      }
    }
    expect((await ask(`${url}/docs/assets/LICENSES.txt`)).text).toContain('Apache License');
  });

  it('load nothing from other servers', async () => {
    const { url } = await serveAll();
    for (const page of ['/docs', '/redoc']) {
      const policy = String((await ask(url + page)).headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toMatch(/script-src 'self'(;|$)/);
      expect(policy).not.toMatch(/https?:|\*|upgrade-insecure-requests|unsafe-eval/);
    }
  });

  it('serve no other files', async () => {
    const { url } = await serveAll();
    for (const path of [
      '/docs/assets/package.json',
      '/docs/assets/docs.html',
      '/docs/assets/..%2f..%2fpackage.json',
      '/docs/assets/',
    ])
      expect([path, (await ask(url + path)).status]).toEqual([path, 404]);
    expect((await ask(`${url}/docs`, { method: 'POST' })).headers['allow']).toBe('GET, HEAD');
  });

  it('are also served at a path that ends with a slash, under any mount path', async () => {
    const app = express().use('/ai', createDocuments());
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    atEnd(() => new Promise((resolve) => server.close(resolve)));
    const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const { status, text } = await ask(`${base}/ai/docs/`);
    expect(status).toBe(200);
    const [, script = ''] = /src="([^"]+)"/.exec(text) ?? [];
    expect((await ask(new URL(script, `${base}/ai/docs/`).href)).status).toBe(200);
    expect((await ask(`${base}/ai/openapi.json`)).status).toBe(200);
  });

  it('cause an error where the given folder does not contain them', () => {
    expect(() => createDocuments({ assetsDir: '/nowhere' })).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
