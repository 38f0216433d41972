/** `types` as a user runs it: files, stale files, sources, and what is refused. */
import { once } from 'node:events';
import { chmod, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Result } from '../support.js';
import { TempFolder, toolsConfig } from '../support.js';

const TOKEN = 'the-static-token-of-the-admin';

describe('types', () => {
  const temp = new TempFolder();
  const env = { MCP_TRANSPORT: undefined, MCP_DATA_DIR: temp.at('data') };
  const types = (...args: string[]): Promise<Result> => temp.run(['types', ...args], { env });

  beforeAll(async () => {
    await temp.write('functions.mjs', `export const one = () => 'one'; export const two = () => 'two';`);
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await temp.write('two.json', toolsConfig('functions', 'two', 'one'));
  });
  afterAll(() => temp.remove());

  it('prints the types of the config file of the folder, or of the one that is named', async () => {
    const { code, stdout } = await types();
    expect(code).toBe(0);
    expect(stdout).toContain('  one(args?: OneArguments, options?: CallOptions): Promise<Content[]>;\n');
    expect(stdout).not.toContain('two(');
    const named = await types('two.json');
    expect(named.stdout).toContain('two(');
    expect((await types('--config', 'two.json')).stdout).toBe(named.stdout);
  });

  it('prints the types of a config file from stdin, also of one for the store', async () => {
    const input = await temp.read('two.json');
    expect(await temp.run(['types', '-'], { env, input })).toMatchObject({ code: 0, stdout: (await types('two.json')).stdout });
    const stored = JSON.stringify({
      tools: [{ name: 'one', inputSchema: { type: 'object' } }],
      module_links: [{ type: 'tool', name: 'one', module_name: 'm', class_name: 'Tools', function_name: 'one' }],
      modules: [{ module_name: 'm', class_name: 'Tools', setting_id: 'mine' }],
    });
    expect(await temp.run(['types', '-'], { env, input: stored })).toMatchObject({ code: 0 });
    await temp.write('stored.json', stored);
    expect(await types('stored.json')).toMatchObject({ code: 0 });
    const served = { resources: [{ name: 'page', uri: 'a:page', file: 'mcp.json' }] };
    await temp.write('served.json', served);
    expect(await types('served.json')).toMatchObject({ code: 0, stdout: expect.stringContaining("'a:page': 'page';") });
    expect(await temp.run(['types', '-'], { env, input: JSON.stringify(served) })).toMatchObject({ code: 0 });
    const bad = await temp.run(['types', '-'], { env, input: '{' });
    expect(bad).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^stdin:1:1 /) });
  });

  it('writes a file and its folder, and leaves one alone that is up to date', async () => {
    const wrote = await types('--out', 'src/deep/tools.ts');
    expect(wrote).toMatchObject({ code: 0, stdout: '', stderr: 'wrote src/deep/tools.ts: 1 tool, 0 resources, 0 prompts\n' });
    const { mtimeMs } = await stat(temp.at('src/deep/tools.ts'));
    expect((await types('-o', 'src/deep/tools.ts')).stderr).toMatch(/^kept src/);
    expect((await stat(temp.at('src/deep/tools.ts'))).mtimeMs).toBe(mtimeMs);
    expect(await temp.read('src/deep/tools.ts')).toBe((await types()).stdout);
  });

  it('keeps the mode of a file, and a symbolic link', async () => {
    await types('--out', 'real.ts');
    await chmod(temp.at('real.ts'), 0o640);
    await symlink('real.ts', temp.at('link.ts'));
    expect(await types('two.json', '--out', 'link.ts')).toMatchObject({ code: 0 });
    expect(await temp.read('real.ts')).toContain('two(');
    expect((await stat(temp.at('real.ts'))).mode & 0o777).toBe(0o640);
  });

  it('--check passes for a file that is up to date, also with the line ends of Windows', async () => {
    await types('--out', 'check.ts');
    expect(await types('--out', 'check.ts', '--check')).toMatchObject({ code: 0, stderr: 'check.ts is up to date\n' });
    await writeFile(temp.at('check.ts'), (await temp.read('check.ts')).replaceAll('\n', '\r\n'));
    expect(await types('--out', 'check.ts', '--check')).toMatchObject({ code: 0 });
  });

  it('--check fails for a stale file, shows what differs, says what to run, and writes nothing', async () => {
    await types('--out', 'stale it.ts');
    const before = await temp.read('stale it.ts');
    const { code, stdout, stderr } = await types('two.json', '--out', 'stale it.ts', '--check');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('\n+export type TwoArguments = { [name: string]: unknown };\n');
    expect(stderr).toMatch(/mcp-daemon: stale it\.ts is not up to date\. Run: .* types two\.json --out 'stale it\.ts'\n$/);
    expect(await temp.read('stale it.ts')).toBe(before);
  });

  it('--check fails for a file that does not exist, and without --out', async () => {
    const missing = await types('--out', 'missing.ts', '--check');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^mcp-daemon: missing\.ts does not exist\. Run: .* types --out missing\.ts\n$/);
    expect(await types('--check')).toMatchObject({ code: 2, stderr: expect.stringContaining('--check needs --out') });
  });

  it('never overwrites a file that was written by hand', async () => {
    await temp.write('mine.ts', 'export const mine = 1;\n');
    const { code, stderr } = await types('--out', 'mine.ts');
    expect(code).toBe(1);
    expect(stderr).toContain('mine.ts was not written by "mcp-daemon types"; nothing was written');
    expect(await temp.read('mine.ts')).toBe('export const mine = 1;\n');
  });

  it('fails with a message where it cannot write', async () => {
    const { code, stderr } = await types('--out', 'mcp.json/tools.ts');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mcp-daemon: cannot (read|write) mcp\.json\/tools\.ts: /);
  });

  it('lists the mistakes of a config file', async () => {
    await temp.write('bad.json', { tools: [{ name: 'x', inputSchema: { type: 'nothing' } }] });
    expect(await types('bad.json')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('$.tools[0].inputSchema.type'),
    });
  });

  it.each([
    [['two.json', '--url', 'http://localhost/mcp'], '[file] and --url: give one of them'],
    [['--partition', 'acme', '--url', 'http://localhost/mcp'], '--url and --partition: give one of them'],
    [['--token', 'x'], '--token needs --url'],
    [['--header', 'a: b'], '--header needs --url'],
    [['--url', 'nowhere'], '--url: must be a URL'],
  ])('refuses %j', async (args, message) => {
    expect(await types(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });

  describe('of a partition', () => {
    beforeAll(async () => {
      const applied = await temp.run(['config', 'apply', 'two.json', '--partition', 'acme', '--yes'], { env });
      expect(applied.code).toBe(0);
    });

    it('are those of the config that was applied', async () => {
      expect((await types('--partition', 'acme')).stdout).toBe((await types('two.json')).stdout);
    });

    it('do not exist where the partition does not', async () => {
      const { code, stderr } = await types('--partition', 'nobody');
      expect([code, stderr]).toEqual([
        1,
        'mcp-daemon: there is no partition "nobody" in the store: "mcp-daemon partitions list" shows all\n',
      ]);
    });
  });

  describe('of a running server', () => {
    let url: string;
    beforeAll(async () => {
      const secrets = { ADMIN_STATIC_TOKEN: TOKEN, JWT_SECRET_KEY: 'k'.repeat(40), ADMIN_PASSWORD: 'a password of the admin' };
      const child = temp.start(['two.json', '--port', '0', '--no-watch', '--page-size', '1'], { env: { ...env, ...secrets } });
      let log = '';
      url = await new Promise<string>((resolve, reject) => {
        child.once('close', () => reject(new Error(log)));
        child.stderr.on('data', (data) => {
          log += String(data);
          const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
          if (found !== undefined) resolve(found);
        });
      });
    });

    it('are those of its config file, also where lists have several pages', async () => {
      const { stdout } = await types('two.json');
      expect(await types('--url', `${url}/mcp`, '--token', TOKEN)).toMatchObject({ code: 0, stdout });
      expect(await types('--url', `${url}/mcp`, '--header', `Authorization: Bearer ${TOKEN}`)).toMatchObject({ code: 0, stdout });
    });

    it('need a token; the message does not repeat a wrong one', async () => {
      const without = await types('--url', `${url}/mcp`);
      expect(without).toMatchObject({ code: 1, stderr: `mcp-daemon: ${url}/mcp answers 401: give a valid token with --token\n` });
      const wrong = await types('--url', `${url}/mcp`, '--token', 'wrong-secret');
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).not.toContain('wrong-secret');
    });

    it('are found at the MCP endpoint only', async () => {
      const { code, stderr } = await types('--url', `${url}/nothing/here`, '--token', TOKEN);
      expect([code, stderr]).toEqual([1, expect.stringContaining('is it the URL of the MCP endpoint')]);
    });

    it('that is stale are fixed by a command that the message shows, without the token', async () => {
      await types('--out', 'remote.ts');
      const { code, stderr } = await types('--url', `${url}/mcp`, '--token', TOKEN, '--out', 'remote.ts', '--check');
      expect(code).toBe(1);
      expect(stderr).toContain(` types --url ${url}/mcp --out remote.ts --token …\n`);
      expect(stderr).not.toContain(TOKEN);
    });
  });

  describe('of a server of others', () => {
    let server: Server;
    let url: string;
    let answer: (message: Record<string, never>, request: IncomingMessage, response: ServerResponse) => void;
    const seen: string[] = [];

    beforeAll(async () => {
      server = createServer((request, response) => {
        let body = '';
        request.on('data', (data) => (body += String(data)));
        request.on('end', () => {
          const message = (body === '' ? {} : JSON.parse(body)) as Record<string, never>;
          seen.push(`${request.method} ${message['method'] ?? ''} ${request.headers['mcp-session-id'] ?? ''}`.trim());
          answer(message, request, response);
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    });
    beforeEach(() => void seen.splice(0));
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });

    const TOOL = { name: 'x', inputSchema: { type: 'object', required: ['a'] }, outputSchema: { type: 'string' } };
    const results: Record<string, object> = {
      initialize: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
      'server/discover': { capabilities: { tools: {} }, supportedVersions: ['2026-07-28'] },
      'tools/list': { tools: [TOOL] },
    };

    it('are read from streams that stay open, with a session that ends afterwards', async () => {
      answer = ({ id, method }, request, response) => {
        if (request.method === 'DELETE') return void response.writeHead(405).end();
        if (id === undefined) return void response.writeHead(202).end();
        response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 's1' });
        const text = JSON.stringify({ jsonrpc: '2.0', id, result: results[method!] });
        const noise = `: comment\n\nevent: message\ndata: {"jsonrpc":"2.0","id":${id},"method":"ping"}\n\n`;
        response.write(`${noise}data: ${text.slice(0, 10)}`);
        setImmediate(() => response.write(`${text.slice(10)}\r\n\r\n`)); // and no end
      };
      const { code, stdout, stderr } = await types('--url', url);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('x(args: XArguments, options?: CallOptions): Promise<XResult>;');
      expect(stdout).toContain('export type XResult = string;');
      expect(seen).toEqual(['POST initialize', 'POST notifications/initialized s1', 'POST tools/list s1', 'DELETE  s1']);
    });

    it('are listed without a handshake where the server refuses one', async () => {
      answer = ({ id, method }, request, response) => {
        const isModern = request.headers['mcp-protocol-version'] === '2026-07-28' && request.headers['mcp-method'] === method;
        response.writeHead(isModern ? 200 : 400, { 'content-type': 'application/json' });
        const error = { code: -32022, message: 'Unsupported protocol version' };
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(isModern ? { result: results[method!] } : { error }) }));
      };
      expect(await types('--url', url)).toMatchObject({ code: 0, stdout: expect.stringContaining('x(args: XArguments') });
      expect(seen).toEqual(['POST initialize', 'POST server/discover', 'POST tools/list']);
    });

    it('are listed without a handshake where the server does not know the method of one', async () => {
      answer = ({ id, method }, _request, response) => {
        const isKnown = method !== 'initialize';
        response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
        const error = { code: -32601, message: 'Method not found' };
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(isKnown ? { result: results[method!] } : { error }) }));
      };
      expect(await types('--url', url)).toMatchObject({ code: 0, stdout: expect.stringContaining('x(args: XArguments') });
    });

    it.each<[string, typeof answer, string]>([
      ['what is no MCP', (_message, _request, response) => void response.end('<html>'), 'does not answer as an MCP server does'],
      [
        'an error',
        ({ id }, _request, response) => void response.end(JSON.stringify({ id, error: { code: 1, message: 'no way' } })),
        'answers: no way',
      ],
      [
        'a redirect',
        (_message, _request, response) => void response.writeHead(307, { location: 'http://other.example/' }).end(),
        'with a redirect to http://other.example/: give that URL',
      ],
      ['a broken connection', (_message, request) => void request.socket.destroy(), 'cannot reach'],
      [
        'tools that are none',
        ({ id, method }, _request, response) =>
          void response.end(JSON.stringify({ id, result: method === 'tools/list' ? { tools: [1] } : results[method!] })),
        'is no list of tools',
      ],
    ])('fail with a message where the server answers with %s', async (_, how, message) => {
      answer = how;
      const { code, stdout, stderr } = await types('--url', url);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(message);
    });
  });

  it('runs as it is on a Node that strips types', async () => {
    await types('--out', 'run.mts');
    const text = await readFile(temp.at('run.mts'), 'utf8');
    const { transformSync } = (await import('@swc/wasm-typescript')) as unknown as {
      transformSync: (source: string, options: object) => { code: string };
    };
    const { code } = transformSync(text, { mode: 'strip-only' });
    await temp.write('run.mjs', `${code}\nconsole.log(Object.keys(createTools({})).join());`);
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const { stdout } = await promisify(execFile)(process.execPath, [temp.at('run.mjs')]);
    expect(stdout).toBe('one\n');
  });
});
