import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { BundleSource, CodeLocation, LinkBinding } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';
import { buildSync } from 'esbuild';

import { tempFolder } from '../../../../tests/temp-folder.js';
import type { BundleChange, BundleStore, BundleStoreOptions } from '../../src/bundle/index.js';
import { bundleStore, digestOf, folderSource } from '../../src/bundle/index.js';
import { treeOf } from './support.js';
import type { HandEntry } from './zip-by-hand.js';
import { zipByHand } from './zip-by-hand.js';

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

const bundleOf = (files: Readonly<Record<string, string>>): Buffer =>
  zipByHand(Object.entries(files).map(([name, content]): HandEntry => ({ name, content })));

const linkOf = (over: Partial<LinkBinding> = {}): LinkBinding => ({
  ...{ kind: 'link', package_name: 'p', module_name: 'p', function_name: 'f', setting: {}, source: 'zip' },
  ...over,
});

const one = bundleOf({ 'p.mjs': 'export const f = () => 1;' });
const two = bundleOf({ 'p.mjs': 'export const f = () => 2;' });
const broken = one.subarray(0, -9);

let zips: string;
let source: BundleSource;
let logged: string[];
let stores: BundleStore[];

beforeEach(() => {
  zips = tempFolder();
  source = folderSource({ folder: zips });
  logged = [];
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
});

function open(over: Partial<BundleStoreOptions> = {}): BundleStore {
  const log = (_: object, message: string): void => void logged.push(message);
  const logger = { info: log, warn: log, error: log };
  const store = bundleStore({ sources: [source], folder: join(tempFolder(), 'extracted'), logger, ...over });
  stores.push(store);
  return store;
}

/** Whether this user may mount a small disk, in a namespace of its own. */
const canMount = (() => {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', tempFolder()], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
})();

const put = (bytes: Uint8Array, name = 'p'): void => writeFileSync(join(zips, `${name}.zip`), bytes);
const textAt = ({ file }: CodeLocation): string => readFileSync(file ?? '', 'utf8');

describe('a store of bundles', () => {
  it('locates the code of a bundle, with its digest', async () => {
    put(one);
    const found = await open().locate(linkOf(), 'default');
    expect(found).toMatchObject({ runtime: 'node', digest: await digestOf(one) });
    expect(textAt(found)).toBe('export const f = () => 1;');
    expect(dirname(found.file!)).toBe(found.root);
  });

  it('has a folder for each partition, also for two that differ in case alone', async () => {
    put(one);
    const store = open();
    const roots = await Promise.all(
      ['a', 'A', 'a#b', 'a_b'].map(async (partition) => (await store.locate(linkOf(), partition)).root),
    );
    expect(new Set(roots.map((root) => root.toLowerCase())).size).toBe(4);
  });

  it('says what is missing: the setting of a source, the bundle, and the module', async () => {
    await expect(open({ sources: [] }).locate(linkOf(), 'default')).rejects.toThrow(/source "zip"\): set FUNCT_ZIP_PATH/);
    await expect(open().locate(linkOf({ source: 's3' }), 'default')).rejects.toThrow(/set FUNCT_BUCKET_NAME/);
    await expect(open().locate(linkOf(), 'default')).rejects.toMatchObject({
      code: 'module_not_found',
      message: `there is no bundle ${join(zips, 'p.zip')}: push it with "mcp-daemon bundle push p.zip"`,
    });
    put(one);
    await expect(open().locate(linkOf({ module_name: 'q' }), 'default')).rejects.toMatchObject({
      code: 'module_not_found',
      message: expect.stringMatching(/module "q" not found: .*p\.zip has p/),
    });
    await expect(open().locate(linkOf({ package_name: '../p' }), 'default')).rejects.toThrow(
      /cannot be a bundle: its name begins/,
    );
  });

  it('uses a new version once it is extracted, and announces it', async () => {
    put(one);
    const store = open();
    const before = await store.locate(linkOf(), 'default');
    const changes: BundleChange[] = [];
    store.watch((change) => changes.push(change));
    put(two);
    await store.check();
    expect(changes).toMatchObject([{ name: 'p', partition: 'default', digest: await digestOf(two) }]);
    const [change] = changes;
    expect([linkOf(), linkOf({ package_name: 'q' }), linkOf({ source: 's3' })].map((link) => change!.affects(link))).toEqual([
      true,
      false,
      false,
    ]);
    expect(textAt(await store.locate(linkOf(), 'default'))).toContain('=> 2');
    expect(textAt(before)).toContain('=> 1'); // running code keeps its files
    await store.check();
    expect(changes).toHaveLength(1);
  });

  it('looks for new versions by itself while it is watched', async () => {
    put(one);
    const store = open({ checkMs: 20 });
    await store.locate(linkOf(), 'default');
    const change = await new Promise<BundleChange>((done) => {
      store.watch(done);
      put(two);
    });
    expect(change.digest).toBe(await digestOf(two));
  });

  it('never replaces a version that works by one that is refused, and says so once', async () => {
    put(one);
    const store = open();
    await store.locate(linkOf(), 'default');
    put(broken);
    for (let round = 0; round < 3; round++) await store.check();
    expect(textAt(await store.locate(linkOf(), 'default'))).toContain('=> 1');
    expect(logged.filter((line) => line.includes('a new version of a bundle cannot be used'))).toHaveLength(1);
    expect(store.problems()).toEqual([
      { name: 'p', partition: 'default', problem: expect.stringMatching(/p\.zip is refused: is cut off/) },
    ]);
    put(two);
    await store.check();
    expect(textAt(await store.locate(linkOf(), 'default'))).toContain('=> 2');
    expect(store.problems()).toEqual([]);
  });

  it('a bundle that is refused at first can be replaced', async () => {
    put(broken);
    const store = open();
    for (let round = 0; round < 2; round++)
      await expect(store.locate(linkOf(), 'default')).rejects.toMatchObject({
        code: 'module_failed',
        message: expect.stringMatching(/p\.zip is refused/),
      });
    put(one);
    expect(textAt(await store.locate(linkOf(), 'default'))).toContain('=> 1');
  });

  it('goes on while the source is gone, and starts with what it has extracted', async () => {
    put(one);
    const folder = join(tempFolder(), 'extracted');
    const store = open({ folder });
    await store.locate(linkOf(), 'default');
    const fails = (): never => {
      throw new DaemonError('store_busy', 'S3 cannot be reached');
    };
    const gone: BundleSource = {
      ...source,
      version: () => Promise.reject(new DaemonError('store_busy', 'S3 cannot be reached')),
      fetch: fails,
    };
    const next = open({ folder, sources: [gone] });
    expect(textAt(await next.locate(linkOf(), 'default'))).toContain('=> 1');
    await next.check();
    expect(logged.filter((line) => line.includes('still using the version that was fetched last'))).toHaveLength(1);
    await expect(open({ sources: [gone] }).locate(linkOf(), 'default')).rejects.toMatchObject({ code: 'store_busy' });
    rmSync(join(zips, 'p.zip'));
    await store.check();
    expect(textAt(await store.locate(linkOf(), 'default'))).toContain('=> 1');
  });

  it('reads an archive once: the next process uses what is extracted', async () => {
    put(one);
    const folder = join(tempFolder(), 'extracted');
    await open({ folder }).locate(linkOf(), 'default');
    let reads = 0;
    const counting: BundleSource = {
      ...source,
      fetch(name, most) {
        reads += 1;
        return source.fetch(name, most);
      },
    };
    const next = open({ folder, sources: [counting] });
    expect(textAt(await next.locate(linkOf(), 'default'))).toContain('=> 1');
    expect(reads).toBe(0);
    put(two);
    await next.check();
    expect([reads, textAt(await next.locate(linkOf(), 'default'))]).toEqual([1, 'export const f = () => 2;']);
  });

  it('demands the digest of the config, and keeps to it', async () => {
    put(one);
    const pinned = linkOf({ sha256: await digestOf(one) });
    const store = open();
    expect(textAt(await store.locate(pinned, 'default'))).toContain('=> 1');
    put(two);
    await store.check();
    expect(textAt(await store.locate(pinned, 'default'))).toContain('=> 1');
    expect(textAt(await store.locate(linkOf(), 'default'))).toContain('=> 2');
    await expect(store.locate(linkOf({ sha256: 'a'.repeat(64) }), 'default')).rejects.toMatchObject({
      code: 'module_failed',
      message: expect.stringMatching(/it has the SHA-256 [0-9a-f]{64}, but the config demands a{64}, which/),
    });
  });

  it('finds the digest of the config among the versions that pushes have replaced', async () => {
    const three = bundleOf({ 'p.mjs': 'export const f = () => 3;' });
    for (const bytes of [one, two, three]) await source.push('p', bytes);
    const store = open();
    expect(textAt(await store.locate(linkOf({ sha256: await digestOf(one) }), 'default'))).toContain('=> 1');
    expect(textAt(await store.locate(linkOf(), 'default'))).toContain('=> 3');
    expect(textAt(await store.locate(linkOf({ sha256: await digestOf(two) }), 'default'))).toContain('=> 2');
  });

  it('keeps old versions within bounds, but none that was used lately', async () => {
    const store = open({ keep: 2 });
    const caches: string[] = [];
    const at = async (index: number): Promise<string> => {
      put(bundleOf({ 'p.mjs': `export const f = () => ${index};` }));
      await store.check();
      const { root, cache } = await store.locate(linkOf(), 'default');
      mkdirSync(cache!); // as the runtime does
      caches.push(cache!);
      return root;
    };
    const roots: string[] = [];
    for (let index = 0; index < 4; index++) roots.push(await at(index));
    expect(roots.map((root) => existsSync(root))).toEqual([true, true, true, true]);
    const before = new Date(Date.now() - 7_200_000);
    for (const [index, root] of roots.entries()) utimesSync(root, before, new Date(before.getTime() + index));
    roots.push(await at(4));
    expect(roots.map((root) => existsSync(root))).toEqual([false, false, false, true, true]);
    expect(caches.map((cache) => existsSync(cache))).toEqual([false, false, false, true, true]);
    rmSync(roots[3]!, { recursive: true });
    await at(5);
    expect(caches.slice(3).map((cache) => existsSync(cache))).toEqual([false, true, true]);
    expect(readdirSync(dirname(roots[4]!)).filter((name) => name.includes('.part-') || name.includes('.lock'))).toEqual([]);
  });

  it('fetches a bundle again whose folder was removed', async () => {
    put(one);
    const store = open();
    const { root } = await store.locate(linkOf(), 'default');
    rmSync(root, { recursive: true });
    await store.check();
    expect(textAt(await store.locate(linkOf(), 'default'))).toContain('=> 1');
  });

  it('a package.json above the extracted bundles does not decide how their code is read', async () => {
    const parent = tempFolder();
    writeFileSync(join(parent, 'package.json'), '{"type":"module"}');
    put(one);
    await open({ folder: join(parent, 'inner', 'bundles') }).locate(linkOf(), 'default');
    expect(readFileSync(join(parent, 'inner', 'bundles', 'package.json'), 'utf8')).toBe('{ "private": true }\n');
  });
});

describe('the code of a bundle', () => {
  const located = async (files: Record<string, string>, over: Partial<LinkBinding> = {}): Promise<string> => {
    put(bundleOf(files));
    const { runtime, root, file } = await open().locate(linkOf(over), 'default');
    return `${runtime} ${file === null ? 'in' : file.slice(root.length + 1)} ${/[^/]*$/.exec(root)![0].length === 64 ? '' : /[^/]*$/.exec(root)![0]}`.trim();
  };

  it('is found by its path, by its package, and by its package.json', async () => {
    expect(await located({ 'p.js': '1' })).toBe('node p.js');
    expect(await located({ 'p/index.js': '1' })).toBe('node p/index.js');
    expect(await located({ 'inner/mod.cjs': '1' }, { module_name: 'inner.mod' })).toBe('node inner/mod.cjs');
    expect(await located({ 'p/mod.mjs': '1' }, { module_name: 'mod' })).toBe('node p/mod.mjs');
    expect(await located({ 'package.json': '{"name":"p","main":"dist/main.js"}', 'dist/main.js': '1' })).toBe(
      'node dist/main.js',
    );
    expect(await located({ 'package.json': '{"name":"p"}', 'index.js': '1' })).toBe('node index.js');
  });

  it('is Python where there is a Python module of the name, and nothing for Node', async () => {
    expect(await located({ 'p.py': '' })).toBe('python in');
    expect(await located({ 'p/__init__.py': '' })).toBe('python in');
    expect(await located({ 'p/p.py': '', 'site-packages/x/__init__.py': '' })).toBe('python in');
    expect(await located({ 'p/sub/mod.py': '' }, { module_name: 'p.sub.mod' })).toBe('python in');
    expect(await located({ 'p.py': '', 'p.js': '' })).toBe('node p.js');
    expect(await located({ 'p.py': '', 'p.js': '' }, { runtime: 'python' })).toBe('python in');
    expect(await located({ 'p/p.py': '', 'package.json': '{"name":"p","main":"x.js"}', 'x.js': '' })).toBe('node x.js');
    await expect(located({ 'p.py': '' }, { runtime: 'node' })).rejects.toThrow(/module "p" not found for Node/);
  });

  it('is found in the one folder that holds everything, as git archive and npm pack make it', async () => {
    expect(await located({ 'package/package.json': '{"main":"lib.js"}', 'package/lib.js': '' })).toBe('node lib.js package');
    expect(await located({ 'repo-1a2b/p.py': '', 'META-INF/MANIFEST.MF': '' })).toBe('python in repo-1a2b');
    expect(await located({ 'p/__init__.py': '', 'p/x.py': '' })).toBe('python in');
  });

  it('of Python cannot be loaded into this process', async () => {
    put(bundleOf({ 'p.py': '' }));
    await expect(open().load(linkOf(), 'default')).rejects.toThrow(
      /is written in Python, which does not run in this process: its isolation must be "process"/,
    );
  });
});

describe('an empty source, as the imports of the Python engine write it', () => {
  const empty = linkOf({ source: '' });
  const bucket = (): BundleSource => ({ ...folderSource({ folder: zips }), source: 's3' });

  it('is accepted where there is a bucket or a folder of extracted packages', () => {
    expect(open().accepts(empty)).toBe(false);
    expect(open({ sources: [bucket()] }).accepts(empty)).toBe(true);
    expect(open({ extracted: zips }).accepts(empty)).toBe(true);
    expect(open({ extracted: zips }).accepts(linkOf({ source: './x' }))).toBe(false);
  });

  it('is a package that is extracted already, else one in the bucket, else what the fallback finds', async () => {
    const extracted = tempFolder();
    mkdirSync(join(extracted, 'p'));
    writeFileSync(join(extracted, 'p', '__init__.py'), '');
    put(one);
    const store = open({ extracted, sources: [bucket()] });
    expect(await store.locate(empty, 'default')).toEqual({ runtime: 'python', root: extracted, file: null, digest: null });
    rmSync(join(extracted, 'p'), { recursive: true });
    expect(textAt(await store.locate(empty, 'default'))).toContain('=> 1');
    const other = linkOf({ source: '', package_name: 'q', module_name: 'q' });
    await expect(store.locate(other, 'default')).rejects.toThrow(/looked for .*\/q and .*q\.zip/);
    const asLocal: CodeLocation = { runtime: 'node', root: '/', file: '/q.js', digest: null };
    const loaded = { exports: { f: 1 }, digest: null };
    const fallback = { locate: async () => asLocal, load: async () => loaded };
    const withLocal = open({ extracted, sources: [bucket()], fallback });
    expect(await withLocal.locate(other, 'default')).toBe(asLocal);
    expect(await withLocal.load(other, 'default')).toBe(loaded);
    expect(await withLocal.load(linkOf({ source: '', package_name: '@scope/q' }), 'default')).toBe(loaded);
  });
});

describe('an extraction', () => {
  /** The store as a program of its own: several processes, and a disk that is full. */
  const PROGRAM = `
    import { readFileSync } from 'node:fs';
    import { bundleStore, folderSource } from './bundle.mjs';
    const [zips, folder] = process.argv.slice(2);
    const store = bundleStore({ sources: [folderSource({ folder: zips })], folder });
    const link = { kind: 'link', package_name: 'p', module_name: 'p', function_name: 'f', setting: {}, source: 'zip' };
    try {
      const { exports } = await store.load(link, 'default');
      console.log(exports.f());
    } catch (error) {
      console.log(error.code, error.message);
    }
  `;
  const run = promisify(execFile);
  let program: string;
  beforeAll(() => {
    const folder = tempFolder();
    buildSync({
      ...{ entryPoints: [join(packages, 'modules/src/bundle/index.ts')], outfile: join(folder, 'bundle.mjs') },
      ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', external: ['@swc/wasm-typescript'] },
      alias: { '@mcp-daemon/core': join(packages, 'core/src/index.ts') },
    });
    program = join(folder, 'program.mjs');
    writeFileSync(program, PROGRAM);
  });

  it('is done once among processes that start together', async () => {
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`lib/f${index}.js`, `${index}`.repeat(200)]));
    put(bundleOf({ ...files, 'p.mjs': 'export const f = () => 1;' }));
    const folder = join(tempFolder(), 'extracted');
    const results = await Promise.all(Array.from({ length: 5 }, () => run(process.execPath, [program, zips, folder])));
    expect(results.map(({ stdout }) => stdout.trim())).toEqual(['1', '1', '1', '1', '1']);
    const [partition] = readdirSync(folder).filter((name) => name !== 'package.json');
    const inside = readdirSync(join(folder, partition!, 'p')).sort();
    expect(inside).toEqual([await digestOf(readFileSync(join(zips, 'p.zip'))), 'current.json']);
    expect(Object.keys(treeOf(join(folder, partition!, 'p', inside[0]!)))).toHaveLength(402);
  });

  it('that cannot be written leaves nothing behind, and says why', async () => {
    put(bundleOf({ 'big.bin': randomBytes(300_000).toString('base64'), 'p.mjs': '1' }));
    const folder = join(tempFolder(), 'extracted');
    // A limit on the size of files stands for a full disk: both fail while a file is written.
    const limited = `trap '' XFSZ; ulimit -f 100; exec "$@"`;
    const { stdout } = await run('bash', ['-c', limited, 'bash', process.execPath, program, zips, folder]);
    expect(stdout).toMatch(/^module_failed the bundle cannot be extracted into .*: .*(EFBIG|too large)/);
    const [partition] = readdirSync(folder);
    expect(readdirSync(join(folder, partition!, 'p'))).toEqual([]);
  });

  (canMount ? it : it.skip)(
    'onto a disk that is full leaves nothing behind, says why, and is done when there is room',
    async () => {
      put(bundleOf({ 'big.bin': randomBytes(450_000).toString('base64'), 'p.mjs': 'export const f = () => "there is room";' }));
      const disk = join(tempFolder(), 'disk');
      mkdirSync(disk);
      // The mount is seen by this shell and its children alone, and ends with them.
      const script = `
      mount -t tmpfs -o size=1m none "$1" && head -c 500000 /dev/zero >"$1/filler" && shift
      "$@"; find "$5/extracted" -mindepth 2; rm "$5/filler"; "$@"
    `;
      const args = ['-rm', 'bash', '-c', script, 'bash', disk, process.execPath, program, zips, join(disk, 'extracted'), disk];
      const { stdout } = await run('unshare', args);
      const [failed = '', ...rest] = stdout.trim().split('\n');
      expect(failed).toMatch(/^module_failed the bundle cannot be extracted into .*: the disk is full$/);
      expect(rest.map((line) => line.replace(disk, ''))).toEqual([
        expect.stringMatching(/^\/extracted\/default-[0-9a-f]+\/p$/),
        'there is room',
      ]);
    },
  );

  it('into a folder that cannot be made says so', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    put(one);
    await expect(open({ folder: join(file, 'extracted') }).locate(linkOf(), 'default')).rejects.toMatchObject({
      message: expect.stringMatching(/ENOTDIR|not a directory/),
    });
  });
});
