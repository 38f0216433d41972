/** `cache` against a running server, with a config file and a partition of the store. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Result } from '../support.js';
import { TempFolder, toolsConfig } from '../support.js';

const TOKEN = 'the-static-token-of-the-admin';

describe('cache', () => {
  const temp = new TempFolder();
  let url: string;
  let log = '';
  const env = { MCP_TRANSPORT: undefined, MCP_DATA_DIR: temp.at('data') };
  const cache = (...args: string[]): Promise<Result> =>
    temp.run(['cache', ...args, '--url', url], { env: { ...env, ADMIN_STATIC_TOKEN: TOKEN } });
  const list = async (partition: string): Promise<string> => {
    const response = await fetch(`${url}/${partition}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/list',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/list',
        params: {
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientCapabilities': {},
            'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
          },
        },
      }),
    });
    return response.text();
  };

  beforeAll(async () => {
    await temp.write('functions.mjs', `export const one = () => 'one'; export const two = () => 'two';`);
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await temp.write('acme.json', toolsConfig('functions', 'one', 'two'));
    expect(await temp.run(['config', 'apply', 'acme.json', '--partition', 'acme', '--yes'], { env })).toMatchObject({ code: 0 });
    const secrets = { ADMIN_STATIC_TOKEN: TOKEN, JWT_SECRET_KEY: 'k'.repeat(40), ADMIN_PASSWORD: 'a password of the admin' };
    const child = temp.start(['--port', '0', '--no-watch'], { env: { ...env, ...secrets } });
    url = await new Promise<string>((resolve, reject) => {
      child.once('close', () => reject(new Error(log)));
      child.stderr.on('data', (data) => {
        log += String(data);
        const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
  });
  afterAll(() => temp.remove());

  it('status shows what is cached of a partition, and loads nothing', async () => {
    expect(await cache('status', '--partition', 'acme')).toMatchObject({ code: 0, stdout: 'acme: nothing is cached\n' });
    expect(await list('acme')).toContain('"two"');
    const { stdout } = await cache('status', '--partition', 'acme');
    expect(stdout).toMatch(/^acme: 2 tools, 0 resources, 0 prompts, revision [0-9a-f]{12}, loaded \d+ s ago\n$/);
    const json = await cache('--partition', 'acme', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      partition_key: 'acme',
      is_cached: true,
      cache_info: { module_links_count: 2 },
    });
    expect((await cache('status', '--partition', 'acme#b')).stdout).toBe('acme#b: nothing is cached\n');
  });

  it('refresh reads the config file again, and says where it has errors', async () => {
    expect(await list('default')).not.toContain('"two"');
    await temp.write('mcp.json', toolsConfig('functions', 'one', 'two'));
    expect((await cache('refresh')).stdout).toMatch(/^default: 2 tools, /);
    expect(await list('default')).toContain('"two"');
    await temp.write('mcp.json', '{ "tools": 1 }');
    const { stderr, code } = await cache('refresh');
    expect(stderr).toContain(`${url} answers 500: The catalog could not be loaded again`);
    expect(code).toBe(1);
    expect(log).toContain('could not be refreshed');
    expect(await list('default')).toContain('"two"');
    expect((await cache('refresh', '--partition', 'nowhere')).stderr).toContain('answers 404: There is no partition "nowhere"');
  });

  it('purge drops one partition, or all', async () => {
    await list('acme');
    expect((await cache('purge', '--partition', 'acme')).stdout).toBe('dropped: acme\n');
    expect((await cache('status', '--partition', 'acme')).stdout).toBe('acme: nothing is cached\n');
    expect(await list('acme')).toContain('"two"');
    expect((await cache('purge', '--all')).stdout).toContain('acme');
    expect((await cache('purge', '--all')).stdout).toBe('nothing was cached\n');
    expect((await cache('purge', '--all', '--partition', 'acme')).code).toBe(2);
  });

  it('has its counts in the metrics', async () => {
    await list('acme');
    await list('acme');
    const headers = { authorization: `Bearer ${TOKEN}` };
    const text = await (await fetch(`${url}/metrics`, { headers })).text();
    const value = (name: string): number => Number(new RegExp(`^mcp_daemon_catalog${name} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value('_hits_total')).toBeGreaterThan(0);
    expect(value('_misses_total')).toBeGreaterThan(0);
    expect(value('_reads_total')).toBeGreaterThan(2);
    expect(value('s_watched')).toBe(1);
  });

  it('takes the URL of an MCP endpoint, a token and headers, and says what is wrong without them', async () => {
    const alone = (...args: string[]): Promise<Result> => temp.run(['cache', 'status', ...args], { env });
    expect((await alone('--url', `${url}/mcp`, '--token', TOKEN)).code).toBe(0);
    expect((await alone('--url', `${url}/`, '--header', `Authorization: Bearer ${TOKEN}`)).code).toBe(0);
    const none = await alone('--url', url);
    expect(none.stderr).toContain('pass the token of an admin with --token, or set ADMIN_STATIC_TOKEN');
    expect(none.code).toBe(1);
    const wrong = await alone('--url', url, '--token', 'guessed-token');
    expect(wrong.stderr).toContain('answers 401');
    expect(wrong.stderr).not.toContain('guessed-token');
    for (const path of ['/a/b', '/acme/mcp'])
      expect((await alone('--url', url + path, '--token', TOKEN)).stderr).toContain('without /{partition}/mcp?');
    const empty = await temp.run(['cache', 'status', '--url', url], { env: { ...env, ADMIN_STATIC_TOKEN: '' } });
    expect(empty.stderr).toBe(none.stderr);
    expect((await alone('--url', 'localhost:8000')).code).toBe(2);
    expect((await alone('--url', url, '--partition', 'a/b')).code).toBe(2);
    expect((await alone('--url', 'http://127.0.0.1:9')).stderr).toMatch(/cannot reach http:\/\/127\.0\.0\.1:9 \(bad port\): is /);
  });

  it('follows no redirect with its token, and names a server that is another program', async () => {
    const seen: string[] = [];
    const other = createServer((req, res) => {
      seen.push(req.url ?? '');
      if (req.url?.startsWith('/moved') === true) res.writeHead(307, { location: '/elsewhere' }).end();
      else res.end('<html>');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      const ask = (target: string): Promise<Result> => temp.run(['cache', '--url', target, '--token', TOKEN], { env });
      expect((await ask(at)).stderr).toContain('it is not an mcp-daemon server');
      expect((await ask(`${at}/moved`)).code).toBe(1);
      expect(seen).toEqual(['/default/admin/cache/status', '/moved/default/admin/cache/status']);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });
});
