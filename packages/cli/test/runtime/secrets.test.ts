import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
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

  it('are filled in from variables and files', () => {
    expect(fillSecrets(setting, { env: { DB_PASSWORD: 'pw' }, base: temp.path })).toEqual({
      url: 'postgres://app:pw@db',
      list: [`${SECRET}-key`],
      literal: '${env:DB_PASSWORD}',
      other: '${HOME}',
    });
  });

  it('that are missing are an error with their place', () => {
    const sources = { env: {}, base: temp.path };
    expect(() => fillSecrets({ a: ['${env:NONE}'] }, sources)).toThrow('setting.a[0]: the environment variable NONE is not set');
    expect(() => fillSecrets({ a: '${file:none}' }, sources)).toThrow('setting.a: the file none cannot be read');
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
      'mcp.json: tool "lengths": class "Shop" of module "shop" could not be created: setting.url: the environment variable DB_PASSWORD is not set',
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
