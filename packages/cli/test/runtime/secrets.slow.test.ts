import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { fillSecrets } from '../../src/runtime/secrets.js';
import { TempFolder } from '../support.js';

const run = promisify(execFile);
const SECRET = 'swordfish-1';

describe('secrets in the settings of a config file', () => {
  const temp = new TempFolder();
  const setting = {
    url: 'postgres://app:${env:DB_PASSWORD}@db',
    list: ['${file:keys/api.key}'],
    literal: '$${env:DB_PASSWORD}',
    other: '${HOME}',
  };
  beforeAll(async () => {
    await temp.write('keys/api.key', `${SECRET}-key\n`);
    await temp.write('dev.env', `DB_PASSWORD=${SECRET}\n`);
    await temp.write(
      'shop.mjs',
      `export class Shop { constructor({ setting }) { this.setting = setting; } lengths() { return Object.values(this.setting).map((text) => String(text).length).join(); } }`,
    );
    await temp.write('mcp.json', {
      tools: [{ name: 'lengths', inputSchema: { type: 'object' } }],
      module_links: [{ type: 'tool', name: 'lengths', module_name: 'shop', class_name: 'Shop', function_name: 'lengths' }],
      modules: [{ module_name: 'shop', class_name: 'Shop', setting }],
    });
  });
  afterAll(() => temp.remove());

  it('are filled in from variables and files', async () => {
    expect(await fillSecrets(setting, { env: { DB_PASSWORD: 'pw' }, base: temp.path })).toEqual({
      url: 'postgres://app:pw@db',
      list: [`${SECRET}-key`],
      literal: '${env:DB_PASSWORD}',
      other: '${HOME}',
    });
  });

  it('are filled in where a whole text is a reference, unless it is escaped or a URL', async () => {
    const texts = {
      variable: 'env:DB_PASSWORD',
      file: 'file:keys/api.key',
      nested: [{ key: 'env:DB_PASSWORD' }],
      escaped: '\\env:DB_PASSWORD',
      twice: '\\\\env:DB_PASSWORD',
      url: 'file:///etc/hosts',
      sentence: 'env: DB_PASSWORD',
      path: '\\server',
      number: 7,
      nothing: null,
    };
    expect(await fillSecrets(texts, { env: { DB_PASSWORD: 'env:NO_REFERENCE' }, base: temp.path })).toEqual({
      ...texts,
      variable: 'env:NO_REFERENCE',
      file: `${SECRET}-key`,
      nested: [{ key: 'env:NO_REFERENCE' }],
      escaped: 'env:DB_PASSWORD',
      twice: '\\env:DB_PASSWORD',
    });
  });

  it('that are missing are an error with their place, the first one of the setting', async () => {
    const sources = { env: { OTHER: SECRET }, base: temp.path };
    await expect(fillSecrets({ b: 'env:OTHER', a: ['${env:NONE}'], c: 'file:none' }, sources)).rejects.toThrow(
      /^setting\.a\[0\]: the environment variable NONE is not set$/,
    );
    await expect(fillSecrets({ a: '${file:none}' }, sources)).rejects.toThrow('setting.a: the file none cannot be read');
  });

  it('that are not there in time are an error', async () => {
    const pipe = temp.at('pipe');
    await run('mkfifo', [pipe]); // reading it waits for a writer
    const sources = { env: {}, base: temp.path, timeoutMs: 20 };
    await expect(fillSecrets({ key: 'file:pipe' }, sources)).rejects.toThrow(
      'setting.key: file:pipe could not be read within 0.02 s',
    );
    await (await open(pipe, 'w')).close(); // ends the read
  });

  it('reach the class, with --env-from too, and neither the log nor the record', async () => {
    const env = { MCP_DATA_DIR: temp.at('data'), LOG_LEVEL: 'trace' };
    const { stdout, stderr } = await temp.run(['call', 'lengths', '--env-from', 'dev.env'], { env });
    expect(stdout).toBe(`${`postgres://app:${SECRET}@db`.length},${`${SECRET}-key`.length},18,7\n`);
    const written = readdirSync(temp.at('data')).map((name) => readFileSync(temp.at('data', name), 'latin1'));
    expect(written.join('').length).toBeGreaterThan(0);
    expect(`${stderr}${written.join('')}`).not.toContain(SECRET);
  });

  it('are filled in by "config check --load", with --env-from too, which names those that are missing', async () => {
    expect(await temp.run(['config', 'check', '--load', '--env-from', 'dev.env'])).toMatchObject({ code: 0 });
    expect(await temp.run(['config', 'check', '--load'], { env: { DB_PASSWORD: SECRET } })).toMatchObject({ code: 0 });
    const { stdout, stderr, code } = await temp.run(['config', 'check', '--load']);
    expect(`${stdout}${stderr}`).toContain(
      'mcp.json:11: tool "lengths": class "Shop" of module "shop" could not be created: setting.url: the environment variable DB_PASSWORD is not set',
    );
    expect(code).toBe(1);
  });

  it('are filled in by loadConfig of the library, from the environment or from another source', async () => {
    const library = fileURLToPath(new URL('../../dist/library/index.js', import.meta.url));
    await temp.write(
      'embedded.mjs',
      `import { createDaemon, loadConfig } from ${JSON.stringify(library)};
      const daemon = createDaemon({ ...(await loadConfig('mcp.json', ...JSON.parse(process.argv[2]))), explainFailures: true });
      const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' } };
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'lengths', arguments: {}, _meta } };
      const { result } = await daemon.handle(message, { partition: 'default', subject: 'test', signal: new AbortController().signal, notify() {} });
      console.log(result.content[0].text);
      await daemon.close();`,
    );
    const embedded = async (options: object[], env: Record<string, string> = {}): Promise<string> =>
      (await run(process.execPath, ['embedded.mjs', JSON.stringify(options)], { cwd: temp.path, env: temp.env(env) })).stdout;
    const lengths = `${`postgres://app:${SECRET}@db`.length},${`${SECRET}-key`.length},18,7\n`;
    expect(await embedded([], { DB_PASSWORD: SECRET })).toBe(lengths);
    expect(await embedded([{ env: { DB_PASSWORD: SECRET } }])).toBe(lengths);
    expect(await embedded([])).toContain('setting.url: the environment variable DB_PASSWORD is not set');
  });

  it('are not needed to list and to check the config, and fail a call with their place', async () => {
    expect((await temp.run(['list'])).code).toBe(0);
    expect((await temp.run(['config', 'check'])).code).toBe(0);
    const { stdout, code } = await temp.run(['call', 'lengths']);
    expect(stdout).toContain('setting.url: the environment variable DB_PASSWORD is not set');
    expect(code).toBe(1);
  });

  it('an --env-from that is missing is refused', async () => {
    const { stderr, code } = await temp.run(['--env-from', 'none.env']);
    expect(stderr).toMatch(/^mcp-daemon: cannot read --env-from .*none\.env: ENOENT/);
    expect(code).toBe(2);
  });
});

describe('secrets of AWS in the settings of a config file', () => {
  const temp = new TempFolder();
  let server: Server;
  let env: Record<string, string>;
  beforeAll(async () => {
    server = createServer((req, res) => {
      let text = '';
      req.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      req.on('end', () => {
        const { Name } = JSON.parse(text) as { Name: string };
        const found = Name === '/shop/key';
        res.writeHead(found ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
        res.end(JSON.stringify(found ? { Parameter: { Name, Value: SECRET } } : { __type: 'ParameterNotFound' }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    env = {
      AWS_ENDPOINT_URL_SSM: url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      MCP_DATA_DIR: temp.at('data'),
      LOG_LEVEL: 'trace',
    };
    await temp.write(
      'shop.mjs',
      'export class Shop { constructor({ setting }) { this.key = setting.key; } length() { return this.key.length; } }',
    );
    const link = { type: 'tool', module_name: 'shop', class_name: 'Shop', function_name: 'length' };
    const config = (key: string): object => ({
      tools: [{ name: 'length' }],
      module_links: [{ ...link, name: 'length' }],
      modules: [{ module_name: 'shop', class_name: 'Shop', setting: { key } }],
    });
    await temp.write('mcp.json', config('ssm:/shop/key'));
    await temp.write('none.json', config('ssm:/shop/none'));
    await temp.write('wrong.json', config('ssm :/shop/key'));
  });
  afterAll(async () => {
    temp.remove();
    await new Promise((resolve) => server.close(resolve));
  });

  it('reach the class of a sidecar, and neither the log nor the record', async () => {
    const sidecar = await temp.sidecar([], { env });
    const { result } = await sidecar.request('tools/call', { name: 'length', arguments: {} });
    expect(result?.content?.[0]?.text).toBe(String(SECRET.length));
    sidecar.child.stdin.end();
    const { code, stderr } = await sidecar.exited;
    expect(code).toBe(0);
    const written = readdirSync(temp.at('data')).map((name) => readFileSync(temp.at('data', name), 'latin1'));
    expect(`${stderr}${written.join('')}`).not.toContain(SECRET);
  });

  it('that are missing fail the call', async () => {
    const { stdout, code } = await temp.run(['call', 'length', '--config', 'none.json'], { env });
    expect(stdout).toContain('setting.key: SSM has no /shop/none in this region and account');
    expect(code).toBe(1);
  });

  it('are warned about by "config check" where they are misspelled', async () => {
    const { stdout, stderr, code } = await temp.run(['config', 'check', 'wrong.json']);
    const text = `${stdout}${stderr}`;
    expect(text).toContain('looks like a reference to a secret, but is used as it is: write "ssm:NAME"');
    expect(text).not.toContain('/shop/key');
    expect(code).toBe(0);
  });
});
