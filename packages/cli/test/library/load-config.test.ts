import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { TempFolder, toolsConfig } from '../support.js';

const run = promisify(execFile);
const library = new URL('../../dist/library/index.js', import.meta.url);
const manifest = fileURLToPath(new URL('../../package.json', import.meta.url));

describe('loadConfig', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  /** What the built library reads, because only the build knows the version. */
  const loaded = async (text: string): Promise<unknown> => {
    await temp.write('mcp.json', text);
    const program = `const { loadConfig } = await import(${JSON.stringify(library.href)});
      const { server, catalog } = await loadConfig('mcp.json');
      console.log(JSON.stringify([server, catalog.functions.map(({ name }) => name)]));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: temp.path });
    return JSON.parse(stdout);
  };

  it('names the server as the file does, and gives it the version of this package where the file has none', async () => {
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
    const config = toolsConfig('functions', 'one');
    expect(await loaded(JSON.stringify(config))).toEqual([{ version }, ['one']]);
    expect(await loaded(JSON.stringify({ ...config, name: 'shop' }))).toEqual([{ name: 'shop', version }, ['one']]);
    expect(await loaded(JSON.stringify({ ...config, name: 'shop', version: '2.1.0' }))).toEqual([
      { name: 'shop', version: '2.1.0' },
      ['one'],
    ]);
  });

  it('reads comments and trailing commas', async () => {
    const text = JSON.stringify(toolsConfig('functions', 'one')).replace(/}$/, ', } // the end');
    expect(await loaded(`/* mine */ ${text}`)).toMatchObject([{}, ['one']]);
  });
});
