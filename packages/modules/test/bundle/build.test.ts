import { chmodSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { tempFolder } from '../../../../tests/temp-folder.js';
import { buildBundle, extractBundle } from '../../src/bundle/index.js';
import { treeOf } from './support.js';

function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

async function roundTrip(folder: string): Promise<Record<string, string>> {
  const { bundle, digest } = await buildBundle(folder);
  const target = join(tempFolder(), digest);
  await extractBundle(bundle, target);
  return treeOf(target);
}

describe('a bundle that is built', () => {
  it('has the same bytes whatever the times and the order of the files are', async () => {
    const files = { 'index.js': 'x'.repeat(500), 'a/b.js': '1', 'é.txt': 'ü', 'B.js': '2' };
    const first = folderOf(files);
    const second = folderOf(Object.fromEntries(Object.entries(files).reverse()));
    utimesSync(join(second, 'index.js'), 1, 1);
    const built = [await buildBundle(first), await buildBundle(second)];
    expect(built[0]!.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(built[1]!.digest).toBe(built[0]!.digest);
    expect(built[1]!.bytes.equals(built[0]!.bytes)).toBe(true);
    writeFileSync(join(second, 'B.js'), '3');
    expect((await buildBundle(second)).digest).not.toBe(built[0]!.digest);
  });

  it('keeps links, empty folders and the executable bit', async () => {
    const folder = folderOf({ 'node_modules/.pnpm/a@1/node_modules/a/index.js': '1', 'run.sh': '2', 'main.js': '3' });
    symlinkSync('.pnpm/a@1/node_modules/a', join(folder, 'node_modules/a'));
    symlinkSync(join(folder, 'main.js'), join(folder, 'absolute.js'));
    chmodSync(join(folder, 'run.sh'), 0o755);
    mkdirSync(join(folder, 'nothing'));
    expect(await roundTrip(folder)).toMatchObject({
      'node_modules/a': 'link to .pnpm/a@1/node_modules/a',
      'absolute.js': 'link to main.js',
      'run.sh': 'x 2',
      nothing: 'folder',
    });
  });

  it('leaves out secrets, caches and what is excluded, and names it', async () => {
    const folder = folderOf({
      ...{ 'index.js': '1', '.env': 'SECRET=1', '.env.local': '1', '.npmrc': '1', '.git/HEAD': '1', 'a/__pycache__/x.pyc': '1' },
      ...{ '.bundleignore': '# tests\ntests/\n*.map\n', 'tests/a.js': '1', 'a/b.js.map': '1', 'a/b.js': '1', 'docs/x.md': '1' },
      ...{ 'node_modules/.cache/x': '1', 'node_modules/a/tests/x.js': '1', 'dist/tests.js': '1', 'out.zip': 'old' },
    });
    const { bundle, leftOut } = await buildBundle(folder, { exclude: ['docs/**', 'dist/te?ts.js'], except: ['out.zip'] });
    expect([...bundle.files.keys()]).toEqual(['a/b.js', 'index.js']);
    expect(leftOut).toEqual([
      ...['.bundleignore', '.env', '.env.local', '.git/', '.npmrc', 'a/__pycache__/', 'a/b.js.map', 'dist/tests.js', 'docs/x.md'],
      ...['node_modules/.cache/', 'node_modules/a/tests/', 'tests/'],
    ]);
  });

  it('refuses a link out of the folder, a link to nothing, and case-twins', async () => {
    const outside = folderOf({ 'x.js': '1' });
    const folder = folderOf({ 'index.js': '1' });
    symlinkSync(join(outside, 'x.js'), join(folder, 'link.js'));
    await expect(buildBundle(folder)).rejects.toThrow(
      /entry "link.js" is a link to ".*x.js", which is outside of the folder: .*--exclude/,
    );
    expect((await buildBundle(folder, { exclude: ['link.js'] })).bundle.files.size).toBe(1);
    const broken = folderOf({ 'index.js': '1' });
    symlinkSync('nothing.js', join(broken, 'link.js'));
    await expect(buildBundle(broken)).rejects.toThrow(/"nothing.js", which does not exist/);
    const twins = folderOf({ 'a.js': '1', 'A.js': '2' });
    if (readdirSync(twins).length === 2) await expect(buildBundle(twins)).rejects.toThrow(/upper and lower case/);
  });

  it('is refused where there is too much in the folder', async () => {
    const folder = folderOf({ 'a.js': 'x'.repeat(100), 'b.js': '1' });
    await expect(buildBundle(folder, { limits: { extractedBytes: 50 } })).rejects.toThrow(/101 bytes of files: 50/);
    await expect(buildBundle(folder, { limits: { entries: 1 } })).rejects.toThrow(/2 entries: 1/);
    await expect(buildBundle(tempFolder())).rejects.toThrow(/has no files/);
  });

  it('passes the guard also with files that compress very well', async () => {
    const folder = folderOf({
      'zeros.bin': Buffer.alloc(3_000_000),
      'random.txt': Buffer.from(Array.from({ length: 999 }, (_, i) => (i * 7919) % 251)),
    });
    const tree = await roundTrip(folder);
    expect(tree['zeros.bin']).toHaveLength(3_000_000);
  });
});

describe('random trees', () => {
  const part = fc
    .string({
      unit: fc.constantFrom('a', 'b', 'Z', '0', '.', '-', '_', ' ', 'é', '日', '😀', '%', "'"),
      minLength: 1,
      maxLength: 8,
    })
    .filter((name) => !/^\.{1,2}$/.test(name) && name.trim() === name);
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.nat(200_000).map((length) => Buffer.alloc(length, 'text that is repeated ')),
  );
  const entry = fc.record({ path, content, executable: fc.boolean() });

  /** Without paths that are also folders of others, or that differ in case alone. */
  function usable(entries: readonly { path: string; content: Buffer; executable: boolean }[]): typeof entries {
    const taken = new Map<string, string>();
    return entries.filter(({ path: of }) => {
      const parts = of.split('/');
      const all = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
      const keys = all.map((one) => one.normalize('NFC').toLowerCase());
      const last = keys.at(-1) ?? '';
      const clashes = keys.some((key, index) => {
        const before = taken.get(key);
        return before !== undefined && before !== `${all[index]}${index === keys.length - 1 ? '' : '/'}`;
      });
      if (clashes || taken.has(last)) return false;
      keys.forEach((key, index) => taken.set(key, `${all[index]}${index === keys.length - 1 ? '' : '/'}`));
      return true;
    });
  }

  it('come back as they were, and twice the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 12 }), async (made) => {
        const entries = usable(made);
        const folder = folderOf(Object.fromEntries(entries.map((one) => [one.path, one.content])));
        for (const one of entries) chmodSync(join(folder, one.path), one.executable ? 0o755 : 0o600);
        const before = treeOf(folder);
        expect(await roundTrip(folder)).toEqual(before);
        expect((await buildBundle(folder)).digest).toBe((await buildBundle(folder)).digest);
      }),
      { numRuns: 25 },
    );
  });
});
