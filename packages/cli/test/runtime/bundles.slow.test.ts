/** Bundles of the built command: code that is pushed is served, over stdio. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';

import type { Result, Sidecar } from '../support.js';
import { TempFolder } from '../support.js';

const TOOL = { name: 'hello', description: 'Says hello', inputSchema: { type: 'object' } };
const LINK = { type: 'tool', name: 'hello', module_name: 'functions', class_name: 'Functions', function_name: 'hello' };
const MODULE = { module_name: 'functions', class_name: 'Functions', package_name: 'functions', setting: { who: '${env:WHO}' } };

const code = (greeting: string): string => `
  import { word } from './lib/word.js';
  export class Functions {
    constructor({ setting }) { this.setting = setting; }
    hello() { return '${greeting} ' + word + ' ' + this.setting.who; }
  }
`;

describe('bundles of the built command', () => {
  let temp: TempFolder;
  let env: Record<string, string>;
  beforeEach(async () => {
    temp = new TempFolder();
    env = {
      FUNCT_ZIP_PATH: temp.at('zips'),
      MCP_DATA_DIR: temp.at('data'),
      MCP_BUNDLE_CHECK_MS: '100',
      WHO: 'Ada',
      LOG_LEVEL: 'info',
    };
    await temp.write('mcp.json', { tools: [TOOL], module_links: [LINK], modules: [{ ...MODULE, source: 'zip' }] });
    await temp.write('functions/lib/word.js', `export const word = 'dear';`);
    await temp.write('functions/package.json', { type: 'module' });
  });
  afterEach(() => temp.remove());

  const run = (...args: string[]): Promise<Result> => temp.run(args, { env });

  async function push(greeting: string): Promise<Result> {
    await temp.write('functions/functions.js', code(greeting));
    const built = await run('bundle', 'build', 'functions');
    expect(built).toMatchObject({ code: 0, stderr: '' });
    return run('bundle', 'push', 'functions.zip', '--yes');
  }

  const said = (sidecar: Sidecar, text: string): Promise<true> =>
    sidecar.until(() => (sidecar.stderr.includes(text) ? true : undefined), `log of "${text}"`);

  it('a session gets each new version, and keeps the last one that works', async () => {
    expect(await push('Hello')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^stored .*functions\.zip, sha256 [0-9a-f]{64}\n$/),
    });
    const sidecar = await temp.sidecar(['--config', 'mcp.json'], { env });
    expect(await sidecar.call('hello')).toBe('Hello dear Ada');

    await push('Bye');
    await said(sidecar, 'a new version of a bundle is ready');
    expect(await sidecar.call('hello')).toBe('Bye dear Ada');

    // A bundle that is refused.
    await writeFile(temp.at('zips', 'functions.zip'), 'no archive');
    await said(sidecar, 'a new version of a bundle cannot be used; still using the one before');
    expect(await sidecar.call('hello')).toBe('Bye dear Ada');

    // A bundle that cannot be loaded.
    await temp.write('functions/functions.js', 'export class Functions {');
    await run('bundle', 'build', 'functions');
    await run('bundle', 'push', 'functions.zip', '--yes');
    await sidecar.until(
      () => sidecar.stderr.split('a new version of a bundle is ready').length > 2 || undefined,
      'second version',
    );
    expect(await sidecar.call('hello')).toBe('Bye dear Ada');
    await said(sidecar, 'its old code goes on running, because the new one cannot be used');

    const versions = JSON.parse((await run('bundle', 'list', '--versions', '--json')).stdout) as { kept: { id: string }[] }[];
    const oldest = versions[0]!.kept.at(-1)!.id;
    expect((await run('bundle', 'rollback', 'functions', '--to-version', oldest, '--yes')).code).toBe(0);
    await sidecar.until(
      () => sidecar.stderr.split('a new version of a bundle is ready').length > 3 || undefined,
      'third version',
    );
    expect(await sidecar.call('hello')).toBe('Hello dear Ada');
    sidecar.child.stdin.end();
    expect((await sidecar.exited).code).toBe(0);
    expect(sidecar.strays).toEqual([]);
  });

  it('says over stdio which setting is missing, and which module', async () => {
    const without = await temp.sidecar(['--config', 'mcp.json'], { env: { ...env, FUNCT_ZIP_PATH: '' } });
    expect(await without.call('hello')).toMatch(/set FUNCT_ZIP_PATH/);
    const sidecar = await temp.sidecar(['--config', 'mcp.json'], { env });
    expect(await sidecar.call('hello')).toMatch(/there is no bundle .*functions\.zip: push it/);
    await push('Hello');
    expect(await sidecar.call('hello')).toBe('Hello dear Ada');
  });

  it('"config check --load" loads the code of bundles', async () => {
    const missing = await run('config', 'check', 'mcp.json', '--load');
    expect(missing.code).toBe(1);
    expect(missing.stdout + missing.stderr).toMatch(/tool "hello": there is no bundle/);
    await push('Hello');
    expect(await run('config', 'check', 'mcp.json', '--load')).toMatchObject({ code: 0 });
  });

  it('"bundle push" applies the config that the bundle carries, and refuses what breaks callers before it stores anything', async () => {
    const config = { tools: [TOOL], module_links: [LINK], modules: [{ ...MODULE, source: '' }] };
    await temp.write('functions/mcp_configuration.json', config);
    const first = await push('Hello');
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(
      /\+ \$\.tools\.hello[\s\S]*stored .*functions\.zip[\s\S]*the partition "default" now serves revision/,
    );
    const sidecar = await temp.sidecar(['--partition', 'default', '--config', await temp.write('empty/other.json', config)], {
      env,
    });
    sidecar.child.stdin.end();

    const before = await readFile(temp.at('zips', 'functions.zip'));
    const changed = { ...config, tools: [{ ...TOOL, inputSchema: { type: 'object', required: ['x'], properties: { x: {} } } }] };
    await temp.write('functions/mcp_configuration.json', changed);
    const breaking = await push('Bye');
    expect(breaking).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not pushed: some changes of its config can break callers/),
    });
    expect((await readFile(temp.at('zips', 'functions.zip'))).equals(before)).toBe(true);
    expect(await run('bundle', 'push', 'functions.zip', '--yes', '--allow-breaking', '--pin')).toMatchObject({ code: 0 });
    const exported = await run('config', 'export');
    expect(exported.stdout).toMatch(/"source": "zip"/);
    expect(exported.stdout).toMatch(/"sha256": "[0-9a-f]{64}"/);

    await temp.write('functions/mcp_configuration.json', '{ "tools": [{ "name": 1 }] }');
    expect(await push('Bye')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/functions\.zip:mcp_configuration\.json:1:\d+ \$\.tools\[0\]\.name/),
    });
  });

  it('"bundle check" says what is refused and why, and "bundle build" what it leaves out', async () => {
    await temp.write('functions/functions.js', code('Hello'));
    await temp.write('functions/.env', 'SECRET=1');
    const built = await run('bundle', 'build', 'functions', '--out', 'out/x.zip', '--exclude', 'lib');
    expect(built.code).toBe(1);
    await mkdir(temp.at('out'));
    const again = await run('bundle', 'build', 'functions', '--out', 'out/x.zip', '--exclude', 'nothing');
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/3 files of .* Node\nsha256 [0-9a-f]{64}\nleft out: \.env/),
    });
    const [digest] = /[0-9a-f]{64}/.exec(again.stdout)!;
    const checked = await run('bundle', 'check', 'out/x.zip', '--json');
    expect(JSON.parse(checked.stdout)).toMatchObject({ name: 'x', sha256: digest, files: 3, languages: ['Node'], config: null });
    await writeFile(temp.at('bad.zip'), (await readFile(temp.at('out', 'x.zip'))).subarray(0, -30));
    expect(await run('bundle', 'check', 'bad.zip')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^mcp-daemon: bad\.zip is refused: is cut off.* "mcp-daemon bundle build" makes one that passes\n$/,
      ),
    });
    expect(await run('bundle', 'check', 'none.zip')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot read none\.zip: ENOENT/),
    });
  });

  it('without a bucket and a folder, the commands say what to set', async () => {
    await rm(temp.at('zips'), { recursive: true, force: true });
    const nowhere = { env: { ...env, FUNCT_ZIP_PATH: undefined } };
    expect(await temp.run(['bundle', 'list'], nowhere)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/set FUNCT_BUCKET_NAME \(--bucket\) .* FUNCT_ZIP_PATH/),
    });
    expect(await run('bundle', 'list', '--to', 's3')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--to s3: set FUNCT_BUCKET_NAME/),
    });
    expect(await run('bundle', 'list')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/no bundles in .*zips/),
    });
    expect(await run('bundle', 'rollback', 'functions', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/there is no old version of .*functions\.zip/),
    });
  });
});
