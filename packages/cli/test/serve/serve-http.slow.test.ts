/** The built command over HTTP, as an operator starts it. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { request } from 'node:http';
import { connect } from 'node:net';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import type { Result, RunOptions } from '../support.js';
import { TempFolder, toolsConfig, until, waitingFunction } from '../support.js';

let temp: TempFolder;
beforeEach(async () => {
  temp = new TempFolder();
  await temp.write('mcp.json', toolsConfig('functions', 'one', 'two', 'three'));
  const code = ['one', 'two', 'three', 'four'].map((name) => `export const ${name} = () => '${name}';`);
  await temp.write('functions.mjs', code.join('\n'));
});
afterEach(() => temp.remove());

/** A started daemon. */
interface Started {
  url: string;
  child: ChildProcessWithoutNullStreams;
  exited: Promise<Result>;
  /** The lines of its log so far. */
  log(): Record<string, unknown>[];
  /** The same as text, with what functions have printed. */
  stderr(): string;
}

/** Starts the command on a free port. */
async function start(args: readonly string[] = [], options: RunOptions = {}): Promise<Started> {
  const child = temp.start(['--port', '0', ...args], { ...options, env: { MCP_TRANSPORT: undefined, ...options.env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const exited = new Promise<Result>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const found = /"msg":"listening on (http:[^"]+)"/.exec(stderr)?.[1];
      if (found !== undefined) resolve(found);
    });
    void exited.then(() => reject(new Error(`it ended: ${stderr}`)));
  });
  const log = (): Record<string, unknown>[] =>
    stderr
      .split('\n')
      .slice(0, -1) // the last line may not be complete
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { url, child, exited, log, stderr: () => stderr };
}

const post = (url: string, headers: Record<string, string>, body: object): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

async function login({ url }: Started, username = 'admin', password = 'admin123'): Promise<string> {
  const answer = await post(`${url}/auth/login`, {}, { username, password });
  const { access_token: token } = (await answer.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`login: ${answer.status}`);
  return token;
}

async function clientOf({ url }: Started, token?: string, path = '/mcp'): Promise<Client> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url + path), { requestInit: { headers } }));
  return client;
}

describe('the daemon over HTTP', () => {
  it('serves a logged-in client by default, and records the call', async () => {
    const data = temp.at('data');
    const daemon = await start(['--data-dir', data]);
    const client = await clientOf(daemon, await login(daemon));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
    expect((await client.callTool({ name: 'three', arguments: {} })).content).toMatchObject([{ text: 'three' }]);
    await client.close();
    daemon.child.kill('SIGTERM');
    expect(await daemon.exited).toMatchObject({ code: 0, stdout: '' });
    const { stdout } = await temp.run(['calls', 'list', '--json', '--data-dir', data]);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'three', status: 'completed', updated_by: 'admin' }]);
  });

  it.each([
    ['--transport', 'sse'],
    ['--transport', 'http'],
    ['mcp.json', ''],
  ])('the command serves HTTP with %s %s', async (...args) => {
    const daemon = await start(args.filter((word) => word !== ''));
    expect((await fetch(`${daemon.url}/ready`)).status).toBe(200);
    daemon.child.kill('SIGINT');
    expect((await daemon.exited).code).toBe(0);
  });

  it('the daemon reloads an edited config file and serves the new tools', async () => {
    const daemon = await start(['--auth-provider', 'none', '--store', 'memory']);
    const client = await clientOf(daemon);
    await temp.write('mcp.json', toolsConfig('functions', 'one', 'four'));
    await until(async () => (await client.listTools()).tools.some(({ name }) => name === 'four'));
    await client.close();
  });

  it('the daemon serves the API pages and their assets', async () => {
    const { url } = await start(['--auth-provider', 'none', '--store', 'memory']);
    for (const page of ['docs', 'redoc']) {
      const html = await (await fetch(`${url}/${page}`)).text();
      const parts = [...html.matchAll(/(?:src|href)="(docs\/assets\/[^"]+)"/g)].map(([, path]) => path);
      expect(parts.length).toBeGreaterThan(1);
      for (const path of parts) expect((await fetch(`${url}/${path}`)).status).toBe(200);
    }
    expect(await (await fetch(`${url}/openapi.json`)).json()).toMatchObject({ openapi: '3.1.1', info: { title: 'mcp-daemon' } });
  });

  it('the API pages have the name and the version of the config file', async () => {
    await temp.write('mcp.json', { name: 'shop', version: '2.1.0', ...toolsConfig('functions', 'one') });
    const { url } = await start(['--auth-provider', 'none', '--store', 'memory']);
    expect(await (await fetch(`${url}/openapi.json`)).json()).toMatchObject({ info: { title: 'shop', version: '2.1.0' } });
  });

  it('a client that writes to stdin is answered by a hint in the log, and strangers do not learn why code cannot be loaded', async () => {
    await temp.write('functions.mjs', 'export const one = () => missing(;');
    const daemon = await start();
    daemon.child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"initialize"}\n');
    const token = await login(daemon);
    const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream' };
    const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params: initialize };
    const session = (await post(`${daemon.url}/mcp`, headers, message)).headers.get('mcp-session-id') ?? '';
    const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'one', arguments: {} } };
    const answer = await (await post(`${daemon.url}/mcp`, { ...headers, 'mcp-session-id': session }, call)).text();
    expect(answer).toContain("The server's log says why.");
    expect(answer).not.toContain('SyntaxError');
    daemon.child.kill('SIGTERM');
    await daemon.exited;
    const messages = daemon.log().map(({ msg }) => msg);
    expect(messages).toContain('a client is writing to stdin: did you mean --transport stdio?');
    expect(messages).toContainEqual(expect.stringContaining('SyntaxError'));
  });

  it('the daemon warns about secrets with a public default', async () => {
    const daemon = await start(['--store', 'memory']);
    expect(daemon.log()).toContainEqual(
      expect.objectContaining({
        level: 40,
        defaults: ['JWT_SECRET_KEY', 'ADMIN_PASSWORD'],
        msg: 'JWT_SECRET_KEY and ADMIN_PASSWORD are public defaults, so only this machine can connect. Set both to serve others.',
      }),
    );
    const own = await start(['--store', 'memory'], { env: { JWT_SECRET_KEY: 'x'.repeat(32), ADMIN_PASSWORD: 'a password' } });
    expect(own.log().filter(({ level }) => level !== 30)).toEqual([]);
    expect(JSON.stringify(own.log())).not.toContain('a password');
  });

  it('with the default password, requests for another host name are refused', async () => {
    const daemon = await start(['--store', 'memory']);
    const { port } = new URL(daemon.url);
    const status = await new Promise((resolve, reject) => {
      const headers = { host: `evil.example:${port}`, 'content-type': 'application/json' };
      request({ port, method: 'POST', path: '/auth/login', headers, agent: false }, (answer) =>
        resolve(answer.resume().statusCode),
      )
        .once('error', reject)
        .end(JSON.stringify({ username: 'admin', password: 'admin123' }));
    });
    expect(status).toBe(403);
    expect(await login(daemon)).toMatch(/^ey/);
  });

  it('with its own secrets, the daemon listens on all addresses', async () => {
    const env = { HOST: '0.0.0.0', JWT_SECRET_KEY: 'x'.repeat(32), ADMIN_PASSWORD: 'a password', MCP_STORE: 'memory' };
    const daemon = await start([], { env });
    const { port } = new URL(daemon.url);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    await expect(login({ ...daemon, url: `http://127.0.0.1:${port}` })).rejects.toThrow('401');
    expect(await login({ ...daemon, url: `http://127.0.0.1:${port}` }, 'admin', 'a password')).toMatch(/^ey/);
  });

  it('the static token authenticates the admin', async () => {
    const daemon = await start(['--store', 'memory'], { env: { ADMIN_STATIC_TOKEN: 'the-static-token' } });
    const me = await fetch(`${daemon.url}/me`, { headers: { authorization: 'Bearer the-static-token' } });
    expect(await me.json()).toMatchObject({ username: 'admin', roles: ['admin'] });
  });

  it('the daemon applies its settings', async () => {
    const daemon = await start(['--store', 'memory'], {
      env: {
        ...{ ADMIN_USERNAME: 'boss', ACCESS_TOKEN_EXP: '60', ADMIN_STATIC_TOKEN: 'the-static-token', ACCESS_LOG: 'off' },
        ...{ MCP_HTTP_SSE: 'off', MCP_MAX_SESSIONS: '1', MCP_SESSION_IDLE_MS: '3000', MCP_MAX_BODY_BYTES: '2000' },
      },
    });
    const given = await post(`${daemon.url}/auth/login`, {}, { username: 'boss', password: 'admin123' });
    expect(await given.json()).toMatchObject({ expires_in: 3_600 });
    const headers = { authorization: 'Bearer the-static-token', accept: 'application/json, text/event-stream' };
    expect((await fetch(`${daemon.url}/sse`, { headers })).status).toBe(404);
    expect((await post(`${daemon.url}/mcp`, headers, { text: 'x'.repeat(2_000) })).status).toBe(413);

    const sessions = async (): Promise<string | undefined> => {
      const text = await (await fetch(`${daemon.url}/metrics`, { headers })).text();
      return /^mcp_daemon_sessions\{transport="streamable_http"\} (\d+)$/m.exec(text)?.[1];
    };
    const first = await clientOf(daemon, 'the-static-token');
    const second = await clientOf(daemon, 'the-static-token');
    expect(await sessions()).toBe('1');
    // A session that had to go comes back with its next request, in place of the other.
    for (const client of [first, second]) expect((await client.listTools()).tools).toHaveLength(3);
    expect(await sessions()).toBe('1');
    await Promise.all([first.close(), second.close()]);
    await until(async () => (await sessions()) === '0');
    expect(daemon.log().filter(({ msg }) => msg === 'request')).toEqual([]);
  });

  it('clients find how to log in, unless it is turned off', async () => {
    const publicUrl = 'http://localhost:8080';
    const on = await start(['--store', 'memory'], { env: { PUBLIC_URL: publicUrl } });
    const path = '/.well-known/oauth-protected-resource/mcp';
    expect(await (await fetch(on.url + path)).json()).toMatchObject({ authorization_servers: [publicUrl] });
    const registered = await fetch(`${on.url}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['http://127.0.0.1/'], token_endpoint_auth_method: 'none' }),
    });
    expect(registered.status).toBe(201);
    const off = await start(['--store', 'memory', '--no-oauth'], { env: { PUBLIC_URL: publicUrl } });
    expect(await (await fetch(off.url + path)).text()).toContain('POST /auth/login');
    expect((await fetch(`${off.url}/oauth/register`, { method: 'POST' })).status).toBe(404);
  });

  it('the daemon limits requests and connections', async () => {
    const daemon = await start(['--store', 'memory'], {
      env: {
        ...{ PUBLIC_URL: 'http://localhost:8080', ADMIN_STATIC_TOKEN: 'the-static-token' },
        ...{ MCP_RATE_LIMIT: '10', MCP_MAX_CONNECTIONS: '3' },
      },
    });
    const ask = (): Promise<Response> =>
      fetch(`${daemon.url}/metrics`, { headers: { authorization: 'Bearer the-static-token' } });
    expect((await Promise.all([ask(), ask()])).map(({ status }) => status).sort()).toEqual([200, 429]);
    const { port } = new URL(daemon.url);
    let refused = 0;
    const sockets = Array.from({ length: 6 }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      let answered = false;
      socket.on('data', () => (answered = true)).on('error', () => undefined);
      socket.on('close', () => (refused += answered ? 0 : 1));
      return socket;
    });
    await until(() => refused >= 3);
    for (const socket of sockets) socket.destroy();
  });

  it('a running call is answered after SIGTERM; a second signal exits at once', async () => {
    await temp.write('mcp.json', {
      tools: [{ name: 'wait', inputSchema: { type: 'object' } }],
      module_links: [{ type: 'tool', name: 'wait', module_name: 'wait', function_name: 'wait' }],
    });
    await temp.write('wait.mjs', waitingFunction('wait', 'waited'));
    const call = (name: string) => ({ name: 'wait', arguments: { go: temp.at(`${name}-go`) } });
    const messages = ({ log }: Started): unknown[] => log().map(({ msg }) => msg);
    const SHUTTING_DOWN = 'shutting down: waiting up to 30 s for running calls';
    const daemon = await start(['--auth-provider', 'none', '--store', 'memory']);
    const client = await clientOf(daemon);
    const waiting = client.callTool(call('one'));
    await until(() => daemon.stderr().includes('wait runs'));
    daemon.child.kill('SIGTERM');
    await until(() => messages(daemon).includes(SHUTTING_DOWN));
    await temp.write('one-go', '');
    expect((await waiting).content).toMatchObject([{ text: 'waited' }]);
    expect((await daemon.exited).code).toBe(0);
    expect(messages(daemon).at(-1)).toBe('stopped');

    const other = await start(['--auth-provider', 'none', '--store', 'memory']);
    const left = await clientOf(other);
    const stuck = left.callTool(call('two')).catch(() => 'gone');
    await until(() => other.stderr().includes('wait runs'));
    // The same Ctrl+C, forwarded by a parent process. Stopped until both are sent, so that the second comes soon after the first.
    other.child.kill('SIGSTOP');
    other.child.kill('SIGINT');
    other.child.kill('SIGTERM');
    other.child.kill('SIGCONT');
    await until(() => messages(other).includes(SHUTTING_DOWN));
    expect((await fetch(`${other.url}/health`)).status).toBe(200);
    // A signal counts as another one when some time has passed since the first.
    const again = setInterval(() => other.child.kill('SIGTERM'), 50);
    expect((await other.exited).code).toBe(143);
    clearInterval(again);
    await left.close();
    expect(await stuck).toBe('gone');
  });

  it('a thousand unfinished requests do not block other clients', async () => {
    const daemon = await start(['--auth-provider', 'none', '--store', 'memory', '--rate-limit', '0']);
    const { port } = new URL(daemon.url);
    let sent = 0;
    const sockets = Array.from({ length: 1_000 }, () => {
      const head = 'POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{';
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(head, () => (sent += 1)));
      socket.on('error', () => undefined);
      return socket;
    });
    await until(() => sent === 1_000);
    const client = await clientOf(daemon);
    expect((await client.callTool({ name: 'one', arguments: {} })).content).toMatchObject([{ text: 'one' }]);
    await client.close();
    daemon.child.kill('SIGTERM');
    expect((await daemon.exited).code).toBe(0);
    for (const socket of sockets) socket.destroy();
  });

  it.each([
    [
      ['--host', '0.0.0.0'],
      {},
      2,
      /cannot listen on 0\.0\.0\.0: JWT_SECRET_KEY and ADMIN_PASSWORD still have the publicly known default/,
    ],
    [['--host', '0.0.0.0'], { JWT_SECRET_KEY: 'x'.repeat(32) }, 2, /: ADMIN_PASSWORD still has the publicly known default/],
    [['--host', '0.0.0.0', '--auth-provider', 'none'], {}, 2, /without authentication/],
    [['--auth-provider', 'none'], { PUBLIC_URL: 'https://mcp.example.com' }, 2, /cannot be https:.* without authentication/],
    [['--auth-provider', 'none', '--trust-proxy', '1'], {}, 2, /behind a proxy \(TRUST_PROXY is set\) without authentication/],
    [['--trust-proxy', 'loopback'], {}, 2, /behind a proxy \(TRUST_PROXY is set\): JWT_SECRET_KEY and ADMIN_PASSWORD still have/],
    [
      ['--auth-provider', 'cognito'],
      {},
      2,
      /AUTH_PROVIDER=cognito also needs COGNITO_USER_POOL_ID and COGNITO_APP_CLIENT_ID: set both/,
    ],
    [['--port', '70000'], {}, 2, /--port: must be a whole number from 0 to 65535, not "70000"/],
    [['--trust-proxy', 'somebody'], {}, 2, /TRUST_PROXY/],
    [[], { PUBLIC_URL: 'example' }, 2, /PUBLIC_URL must be a URL/],
    [[], { ALLOWED_ORIGINS: 'a b' }, 2, /ALLOWED_ORIGINS must be origins .*got "a b"/],
    [[], { ALLOWED_HOSTS: 'https://mcp.example.com' }, 2, /ALLOWED_HOSTS must be names/],
    [[], { HOST: '0.0.0.0', ADMIN_PASSWORD: 'a password', JWT_SECRET_KEY: 'short' }, 2, /JWT_SECRET_KEY has 5 bytes/],
    [['--local-user-file', 'bad.json'], {}, 2, /bad\.json/],
    [[], { MCP_DATA_DIR: '/dev/null/x' }, 1, /\/dev\/null\/x\/mcp-daemon\.db cannot be used: a part of its path is not a folder/],
  ] as const)('%j %j exits with one clear message', async (args, env, exitCode, message) => {
    await temp.write('bad.json', '[{}]');
    const { code, stdout, stderr } = await temp.run(['--port', '0', ...args], { env: { MCP_TRANSPORT: 'sse', ...env } });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(stderr).not.toContain('public default');
    expect(stdout).toBe('');
    expect(code).toBe(exitCode);
  });

  it('a port in use is reported, with what to do', async () => {
    const daemon = await start(['--store', 'memory']);
    const { port } = new URL(daemon.url);
    const { code, stderr } = await temp.run(['--port', port, '--store', 'memory'], { env: { MCP_TRANSPORT: 'sse' } });
    expect(stderr).toBe(
      `mcp-daemon: cannot listen: port ${port} of 127.0.0.1 is in use: choose another with --port or PORT\nTry "mcp-daemon --help".\n`,
    );
    expect(code).toBe(2);
  });
});
