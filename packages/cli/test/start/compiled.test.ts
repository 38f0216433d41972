import { existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheFolder } from '../../src/start/compiled.js';
import { TempFolder, toolsConfig } from '../support.js';

describe('the compile cache', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await temp.write('functions.mjs', `export const one = () => 'one';`);
  });
  afterEach(() => temp.remove());

  const folder = (): string => temp.at('home', '.cache', 'mcp-daemon');
  const files = (): string[] => (existsSync(folder()) ? readdirSync(folder()).filter((name) => name.endsWith('.v8')) : []);
  const serve = async (env: Record<string, string | undefined> = {}): Promise<void> => {
    const sidecar = await temp.sidecar([], { env });
    expect(await sidecar.call('one')).toBe('one');
    sidecar.child.stdin.end();
    expect(await sidecar.exited).toMatchObject({ code: 0, stderr: '' });
  };

  it('the cache is in a private folder; the next starts improve it, and after a few it stays as it is', async () => {
    await serve();
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    const [file] = files();
    const path = join(folder(), file!);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    let size = statSync(path).size;
    for (let start = 2; start <= 4; start += 1) {
      await serve();
      expect((await readFile(path)).readUInt8(20)).toBe(start);
      expect(statSync(path).size).toBeGreaterThanOrEqual(size);
      ({ size } = statSync(path));
    }
    const before = statSync(path).mtimeMs;
    await serve();
    expect(files()).toEqual([file]);
    expect(statSync(path).mtimeMs).toBe(before);
  });

  it('a start without a call does not save a cache; one whose calls are not recorded does', async () => {
    const idle = await temp.sidecar([]);
    await idle.request('tools/list');
    idle.child.stdin.end();
    await idle.exited;
    expect(files()).toEqual([]);
    const config = JSON.parse(await readFile(temp.at('mcp.json'), 'utf8')) as { module_links: object[] };
    config.module_links = config.module_links.map((link) => ({ ...link, record: 'none' }));
    await temp.write('mcp.json', JSON.stringify(config));
    await serve();
    expect(files()).toHaveLength(1);
  });

  it('a damaged cache, or one of other code, is created again', async () => {
    await serve();
    const file = join(folder(), files()[0]!);
    const good = await readFile(file);
    for (const bad of [
      good.subarray(0, 1_000),
      Buffer.alloc(5_000, 7),
      Buffer.alloc(0),
      Buffer.concat([good, Buffer.from('x')]),
    ]) {
      await writeFile(file, bad);
      await serve();
      expect((await readFile(file)).length).toBeGreaterThan(100_000);
    }
  });

  it('a cache that other users could have written is not used', async () => {
    await serve();
    await chmod(folder(), 0o777);
    await rm(join(folder(), files()[0]!));
    await serve();
    expect(files()).toEqual([]);
  });

  it('the sidecar starts where there is no folder for the cache', async () => {
    await serve({ HOME: undefined, USERPROFILE: undefined, MCP_STORE: 'memory' });
    await temp.write('home/.cache', 'a file');
    await serve();
  });

  it('the cache folder follows the convention of the platform', () => {
    expect(cacheFolder({ HOME: '/h' }, 'linux')).toBe('/h/.cache/mcp-daemon');
    expect(cacheFolder({ HOME: '/h', XDG_CACHE_HOME: '/c' }, 'linux')).toBe('/c/mcp-daemon');
    expect(cacheFolder({ HOME: '/h', XDG_CACHE_HOME: 'relative' }, 'linux')).toBe('/h/.cache/mcp-daemon');
    expect(cacheFolder({ HOME: '/h' }, 'darwin')).toBe('/h/Library/Caches/mcp-daemon');
    expect(cacheFolder({ HOME: '/h' }, 'win32')).toBeUndefined();
    expect(cacheFolder({}, 'linux')).toBeUndefined();
  });
});
